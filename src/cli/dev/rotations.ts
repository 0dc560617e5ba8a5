import { setTimeout as delay } from 'node:timers/promises';
import { OperatorError } from '../../domain/errors.ts';
import type { SecretView } from '../../domain/rotation/secret-view.ts';
import type { Run } from '../../domain/run.ts';
import type { DemoLook } from '../../local/stack/demo/vault.ts';
import type { RunningStack } from '../../local/stack.ts';
import type { ApiClient } from '../api/client.ts';
import { followRuns } from '../api/follow.ts';
import type { Accepted } from '../commands/wait.ts';
import type { RunProgress } from '../output/run-progress.ts';

/** A managed secret of the stack, and what its target says of its values. */
export type RotatedSecret = SecretView & Readonly<{ look: DemoLook | null }>;

/** How the secrets of the stack stand after their first rotation, and what went wrong, for people. */
export type Rotations = Readonly<{ secrets: readonly RotatedSecret[]; problems: readonly string[] }>;

export type RotationsOptions = Readonly<{
  stack: Pick<RunningStack, 'demo' | 'advance'>;
  /** Resolves when time may be moved, because nothing else is under way. Never rejects. */
  calm: Promise<unknown>;
  signal: AbortSignal;
}>;

const DEADLINE_MS = 5 * 60_000;
/** In real time a new storage key needs six seconds until the emulated account takes it. */
const HURRY_AFTER_MS = 8_000;
/** Emulated time that passes with each step, and the real time between two. */
const HURRY_STEP_MS = 10_000;
const HURRY_EACH_MS = 300;

/**
 * Rotates every managed secret that never was, so that there is something to see. Some targets need a minute until a new credential is known
 * everywhere, and hsmkeep waits for that; the emulated clock is moved on meanwhile.
 */
export async function rotateFirst(api: ApiClient, options: RotationsOptions, progress: RunProgress): Promise<Rotations> {
  const { stack, signal } = options;
  const problems: string[] = [];
  const fresh = (await managed(api)).filter(
    ({ rotation, rotationId, state }) => rotation === 'on' && rotationId === null && state !== 'rotating',
  );
  const started = await Promise.all(fresh.map((secret) => startOne(api, secret, problems)));
  const following = { onReading: (run: Run) => progress.update(run), deadlineMs: DEADLINE_MS, signal };
  const runs = await hurriedAlong(followRuns(api, started.flat(), following), options);

  const secrets = await Promise.all(
    (await managed(api)).map(async (secret) => ({ ...secret, look: (await stack.demo?.secrets.look(secret.vault, secret.name)) ?? null })),
  );
  return { secrets, problems: [...problems, ...runs.flatMap(problemsOf)] };
}

async function startOne(api: ApiClient, { vault, name }: SecretView, problems: string[]): Promise<string[]> {
  try {
    const path = `/secrets/${encodeURIComponent(vault)}/${encodeURIComponent(name)}/rotate`;
    return [(await api.post<Accepted>(path, { reason: 'first rotation of the local stack' })).runId];
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    problems.push(`${vault}/${name}: ${error.message}\n${error.hint}`);
    return [];
  }
}

/** Moves time on until the work is done. */
async function hurriedAlong<T>(work: Promise<T>, { stack, calm, signal }: RotationsOptions): Promise<T> {
  const done = new AbortController();
  const hurrying = (async () => {
    const pause = (ms: number) => delay(ms, undefined, { signal: AbortSignal.any([signal, done.signal]) });
    await Promise.all([calm, pause(HURRY_AFTER_MS)]);
    for (; !done.signal.aborted; await pause(HURRY_EACH_MS)) await stack.advance(HURRY_STEP_MS);
  })().catch(() => undefined);
  try {
    return await work;
  } finally {
    done.abort();
    await hurrying;
  }
}

const managed = async (api: ApiClient): Promise<readonly SecretView[]> =>
  (await api.list<SecretView>('/secrets')).value.filter(({ provider }) => provider !== null);

const problemsOf = ({ subject, steps }: Run): string[] =>
  steps
    .filter(({ status }) => status === 'Failed' || status === 'Degraded')
    .map(({ name, message, hint }) => [`${subject}, ${name}: ${message ?? 'failed'}`, hint].filter(Boolean).join('\n'));
