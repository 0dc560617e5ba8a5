import { OperatorError } from '../../domain/errors.ts';
import type { SecretView } from '../../domain/rotation/secret-view.ts';
import type { Run } from '../../domain/run.ts';
import type { ApiClient } from '../api/client.ts';
import { followRuns } from '../api/follow.ts';
import type { Accepted } from '../commands/wait.ts';
import type { RunProgress } from '../output/run-progress.ts';

/** How the secrets of the stack stand after their first rotation, and what went wrong, for people. */
export type Rotations = Readonly<{ secrets: readonly SecretView[]; problems: readonly string[] }>;

export type RotationsOptions = Readonly<{
  /** Only kinds that are done within seconds, and wait for them; else all kinds, of which the slower ones go on by themselves. */
  quickOnly: boolean;
  signal: AbortSignal;
}>;

/** Their targets need a minute until a new credential is known everywhere, and hsmkeep waits for that. */
const SLOW: ReadonlySet<string | null> = new Set(['azure-storage-key', 'entra-app']);
const DEADLINE_MS = 5 * 60_000;

/** Rotates every managed secret that never was, so that there is something to see. */
export async function rotateFirst(api: ApiClient, { quickOnly, signal }: RotationsOptions, progress: RunProgress): Promise<Rotations> {
  const problems: string[] = [];
  const fresh = (await managed(api)).filter(
    ({ rotation, rotationId, state, provider }) =>
      rotation === 'on' && rotationId === null && state !== 'rotating' && !(quickOnly && SLOW.has(provider)),
  );
  const started = await Promise.all(
    fresh.map(async (secret) => {
      try {
        const path = `/secrets/${encodeURIComponent(secret.vault)}/${encodeURIComponent(secret.name)}/rotate`;
        const { runId } = await api.post<Accepted>(path, { reason: 'first rotation of the local stack' });
        return SLOW.has(secret.provider) ? [] : [runId];
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        problems.push(`${secret.vault}/${secret.name}: ${error.message}\n${error.hint}`);
        return [];
      }
    }),
  );
  const options = { onReading: (run: Run) => progress.update(run), deadlineMs: DEADLINE_MS, signal };
  const runs = await followRuns(api, started.flat(), options);
  return { secrets: await managed(api), problems: [...problems, ...runs.flatMap(problemsOf)] };
}

const managed = async (api: ApiClient): Promise<readonly SecretView[]> =>
  (await api.list<SecretView>('/secrets')).value.filter(({ provider }) => provider !== null);

const problemsOf = ({ subject, steps }: Run): string[] =>
  steps
    .filter(({ status }) => status === 'Failed' || status === 'Degraded')
    .map(({ name, message, hint }) => [`${subject}, ${name}: ${message ?? 'failed'}`, hint].filter(Boolean).join('\n'));
