import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, until } from './app-stack.ts';
import { BOUNDARIES } from './kill-rounds.ts';
import { FIRST, GENERATED, type rotationsOf, told, VAULT } from './rotations.ts';
import type { WebhookReceiver } from './webhook-receiver.ts';

/** One kind of secret that is rotated under fire. */
export type KilledKind = Readonly<{
  /** `webhook-single`: for names and reports. */
  title: string;
  /** Makes a secret of that name, whose value works on a target of its own. */
  make(name: string): Promise<unknown>;
  /** What the secret's target accepts; null where there is no target. */
  accepted(name: string): ReadonlySet<string> | null;
  /** How often the target was changed; null where that cannot be told. */
  changes(name: string): number | null;
  /** With one password the version is published where it is applied. */
  publishes: boolean;
}>;

/** What a killed rotation came to: a row of the matrix in ARCHITECTURE.md. */
export type KilledRotation = Readonly<{ kind: string; at: string; lostHub: boolean; run: Run; values: number }>;

/** The kinds that need nothing but a receiver. */
export const kindsWith = (kv: ReturnType<typeof rotationsOf>, receiver: WebhookReceiver): readonly KilledKind[] => [
  { ...hookedKind('webhook-multi', 'every=60d', kv, receiver), publishes: true },
  { ...hookedKind('webhook-single', 'strategy=single', kv, receiver), publishes: false },
  {
    title: 'generated',
    make: (name) => kv.secrets.setSecret(name, FIRST, { tags: GENERATED }),
    accepted: () => null,
    changes: () => null,
    publishes: true,
  },
];

const hookedKind = (title: string, policy: string, kv: ReturnType<typeof rotationsOf>, receiver: WebhookReceiver) => ({
  title,
  make: (name: string) => kv.makeOwn(name, { 'rot-policy': policy }),
  accepted: receiver.accountOf,
  changes: receiver.changesFor,
});

/** The activity turns of a rotation that retires at once, as after a compromise: all that there are. */
const TURNS = [
  'saveRun:1',
  'acquireLock:1',
  'escrowSecret:1',
  'applySecret:1',
  'publishSecret:1',
  'confirmSecret:1',
  'retireOldSecret:1',
  'closeSecret:1',
  'releaseLock:1',
  'saveRun:2',
] as const;

/** Every place at which a rotation of that kind can be killed. */
export const killPlaces = ({ publishes }: Pick<KilledKind, 'publishes'>): string[] =>
  TURNS.filter((turn) => publishes || turn !== 'publishSecret:1').flatMap((turn) => BOUNDARIES.map((boundary) => `${boundary}:${turn}`));

const COMPROMISED = { reason: 'a test of kills', mode: 'compromise' };

/**
 * Kills the host at a boundary of a rotation and starts it again, with its history or without, and holds what comes of it against the law:
 * the rotation is completed; where the history is there, it is the same one; each value changed the target once; only what is published
 * works; nothing is left open.
 */
export async function killRotation(
  stack: AppStack,
  kv: ReturnType<typeof rotationsOf>,
  kind: KilledKind,
  at: string,
  lostHub: boolean,
): Promise<KilledRotation> {
  const name = `${kind.title}-${at.replaceAll(':', '-').toLowerCase()}${lostHub ? '-lost' : ''}`;
  await kind.make(name);
  await stack.killHost();
  await stack.startHost({ HSMKEEP_CRASH_AT: at });
  // The answer to the request may be lost with the host.
  const asked = await kv.ask(name, COMPROMISED).catch(() => undefined);
  await stack.hostGone();
  if (lostHub) rmSync(stack.hostData, { recursive: true });
  await stack.startHost();

  const stopHurrying = stack.hurry(20_000);
  const run = await stack.runEnd(lostHub || asked === undefined ? await kv.ask(name, COMPROMISED) : asked).finally(stopHurrying);
  const say = `${name}: ${told(run)}`;
  expect(run.status, say).toBe('Completed');

  const entries = await kv.entriesOf(name);
  const values = new Set(entries.map(({ tags }) => tags?.['rot-id'])).size;
  expect(values, say).toBe(new Set(entries.map(({ tags }) => tags?.['rot-base'])).size);
  if (!lostHub && asked !== undefined) expect(values, say).toBe(1);
  if (kind.changes(name) !== null) expect(kind.changes(name), say).toBe(values);
  const { value = '', properties } = await kv.secrets.getSecret(name);
  const last = entries.filter(({ tags }) => tags?.['rot-id'] === properties.tags?.['rot-id']);
  expect(last.map(({ enabled }) => enabled).includes(true), `${say}: the entry is closed`).toBe(false);
  const accepted = kind.accepted(name);
  if (accepted) expect([...accepted], say).toEqual([value]);
  expect(properties.tags, say).not.toHaveProperty('rot-grace-until');
  // A request whose answer was lost may have begun a run, too: it looks, under the lock, and finds nothing to do.
  await until(`the lock of ${say}`, async () => !(await stack.document(stack.documents, `locks/${VAULT}.${name}.json`)));
  return { kind: kind.title, at, lostHub, run, values };
}
