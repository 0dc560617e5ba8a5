import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import { startAppStack } from './app-stack.ts';
import { startTestMariadb, startTestPostgres } from './databases.ts';
import { BOUNDARIES } from './kill-rounds.ts';
import { ADMIN_SECRETS, mariadbKinds, postgresKinds, type TargetKind } from './rotation-targets.ts';
import { rotationsOf, told, VAULT } from './rotations.ts';

const WEEK_MS = 7 * 86_400_000;

/** The app with a real PostgreSQL and a real MariaDB to rotate accounts of. */
export async function startDatabaseRotations() {
  const [postgres, mariadb] = await Promise.all([startTestPostgres(), startTestMariadb()]);
  const targets = [postgres, mariadb].map(({ target }) => target);
  const stack = await startAppStack({ vaults: [VAULT], vault: { targets } });
  const kv = rotationsOf(stack);
  await kv.secrets.setSecret(ADMIN_SECRETS.postgres, postgres.admin);
  await kv.secrets.setSecret(ADMIN_SECRETS.mariadb, mariadb.admin);
  return {
    stack,
    kv,
    postgres: postgresKinds(postgres),
    mariadb: mariadbKinds(mariadb),
    async stop() {
      await stack.stop();
      await Promise.all([postgres.stop(), mariadb.stop()]);
    },
  };
}
export type DatabaseRotations = Awaited<ReturnType<typeof startDatabaseRotations>>;

/** Where a host is killed: at a boundary of an activity, or while the request that changes the target is on its way. */
export type KillPlace = Readonly<{ at: string; forgetful?: boolean }>;
/** The request is held before the target, or its answer after it; it goes on once the host is dead. */
export const IN_FLIGHT = ['request', 'reply'] as const;

/** Every place at which a rotation of a kind can be killed. */
export function killPlaces({ overlap }: TargetKind): string[] {
  const activities = overlap
    ? ['escrowSecret', 'applySecret', 'publishSecret', 'confirmSecret']
    : ['escrowSecret', 'applySecret', 'confirmSecret'];
  return [...activities.flatMap((activity) => BOUNDARIES.map((boundary) => `${boundary}:${activity}:1`)), ...IN_FLIGHT];
}

/** Every place at which its end can be killed: when the old credential is taken away, and when the entry is closed. */
export const END_PLACES: readonly string[] = ['retireOldSecret', 'closeSecret'].flatMap((activity) =>
  BOUNDARIES.map((boundary) => `${boundary}:${activity}:1`),
);

let accounts = 0;

/**
 * Kills the host at a place of a rotation, starts it again, and sees that the rotation ends with the same id, one effective change of the
 * credential, and a value that works.
 *
 * @param forgetful The host's database is deleted while it is dead, so that only the vaults know how far things are.
 */
export async function killedRotation(
  { stack, kv }: DatabaseRotations,
  kind: TargetKind,
  { at, forgetful = false }: KillPlace,
): Promise<void> {
  const { name, value } = await makeSecret(kv, kind);
  const id = await killAt({ stack, kv }, kind, name, at);
  if (forgetful) rmSync(stack.hostData, { recursive: true, force: true });
  await stack.startHost();
  const stopHurrying = stack.hurry();
  try {
    const what = `${kind.name}, ${at}`;
    // Nobody remembers the run: somebody asks again, unless the sweep has gone on with what lies in escrow before.
    const run = await stack.runEnd(forgetful ? await kv.ask(name) : id);
    if (!forgetful) expect(run.status, `${what}: ${told(run)}`).toBe('Completed');
    const states = async () => (await kv.entriesOf(name)).map((entry) => entry.tags?.['rot-state']);
    await expect.poll(states, { timeout: 60_000, message: what }).toEqual(['published']);

    expect(await kv.versionsOf(name), what).toHaveLength(2);
    const { value: stored = '', properties } = await kv.secrets.getSecret(name);
    const [entry] = await kv.entriesOf(name);
    expect(properties.tags?.['rot-id'], `${what}: one rotation id`).toBe(entry?.tags?.['rot-id']);
    expect(kind.changes(name), `${what}: one effective change`).toBe(1);
    expect(await kind.accepts(name, stored), what).toBe(true);
    expect(await kind.accepts(name, value), what).toBe(kind.overlap);
  } finally {
    await stopHurrying();
  }
}

/**
 * Kills the host while a rotation ends, which after a compromise is in the same run, starts it again, and sees that the old credential is gone,
 * the same rotation is closed, and its value works.
 *
 * @param forgetful The host's database is deleted while it is dead; nobody asks again, so the sweep has to find what is left to be done.
 */
export async function killedEnd({ stack, kv }: DatabaseRotations, kind: TargetKind, { at, forgetful = false }: KillPlace): Promise<void> {
  const { name, value } = await makeSecret(kv, kind);
  const id = await killAt({ stack, kv }, kind, name, at, { reason: 'seen in a log', mode: 'compromise' });
  if (forgetful) rmSync(stack.hostData, { recursive: true, force: true });
  await stack.startHost();
  const stopHurrying = stack.hurry(20_000);
  try {
    const what = `${kind.name}, ${at}`;
    const run = forgetful ? undefined : await stack.runEnd(id);
    if (run) expect(run.status, `${what}: ${told(run)}`).toBe('Completed');
    const isOpen = async () => {
      const { properties } = await kv.secrets.getSecret(name);
      const entries = await kv.entriesOf(name);
      return entries.some(({ enabled }) => enabled) || properties.tags?.['rot-grace-until'] !== undefined;
    };
    await expect.poll(isOpen, { timeout: 60_000, message: `${what}: something is left open` }).toBe(false);

    const { value: stored = '', properties } = await kv.secrets.getSecret(name);
    const ids = (await kv.entriesOf(name)).map(({ tags }) => tags?.['rot-id']);
    expect(ids, `${what}: one rotation id`).toEqual([properties.tags?.['rot-id']]);
    expect(kind.changes(name), `${what}: one effective change`).toBe(1);
    expect([await kind.accepts(name, stored), await kind.accepts(name, value)], what).toEqual([true, false]);
  } finally {
    await stopHurrying();
  }
}

/** A secret, and its account on the target. */
async function makeSecret(kv: DatabaseRotations['kv'], kind: TargetKind): Promise<Readonly<{ name: string; value: string }>> {
  accounts += 1;
  const name = `k${accounts}`;
  const { value, tags } = await kind.make(name);
  await kv.secrets.setSecret(name, value, { tags });
  return { name, value };
}

async function killAt(
  { stack, kv }: Pick<DatabaseRotations, 'stack' | 'kv'>,
  kind: TargetKind,
  name: string,
  at: string,
  body?: object,
): Promise<string> {
  if (at !== 'request' && at !== 'reply') {
    await stack.killHost();
    await stack.startHost({ HSMKEEP_CRASH_AT: at });
    const id = await kv.ask(name, body);
    await stack.hostGone();
    return id;
  }
  const { proxy } = kind.database;
  // MariaDB's answer holds no text of ours: there the request is held both times.
  const held = proxy.hold(kind.database.server.log().includes('PostgreSQL') ? at : 'request', kind.decisive);
  const id = await kv.ask(name, body);
  await held.reached;
  await stack.killHost();
  held.release();
  return id;
}

/** What consumers saw. `gapsMs`: from the first login that failed to the next that did not. */
export type Consumed = Readonly<{ rotations: number; logins: number; failures: number; gapsMs: readonly number[] }>;

/**
 * Rotates a secret again and again while two consumers use it without a pause: one reads it before each login, the other once before the old
 * value's grace is over.
 */
export async function consumedRotations({ stack, kv }: DatabaseRotations, kind: TargetKind, rotations: number): Promise<Consumed> {
  const { name, value } = await makeSecret(kv, kind);
  const read = async () => (await kv.secrets.getSecret(name)).value ?? '';

  let [kept, done, logins, failures] = [value, false, 0, 0];
  const gapsMs: number[] = [];
  const consume = async (current: () => Promise<string> | string) => {
    let failingSince: number | undefined;
    while (!done) {
      const works = await kind.accepts(name, await current());
      logins += 1;
      if (!works) failures += 1;
      if (!works) failingSince ??= performance.now();
      else if (failingSince !== undefined) {
        gapsMs.push(Math.round(performance.now() - failingSince));
        failingSince = undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const consumers = [consume(read), ...(kind.overlap ? [consume(() => kept)] : [])];
  const stopHurrying = stack.hurry();
  try {
    while ((await kv.versionsOf(name)).length <= rotations) {
      // Rotates, or, once the grace is over, retires; as does the sweep.
      const run = await stack.runEnd(await kv.ask(name));
      expect(run.status, told(run)).toBe('Completed');
      kept = await read();
      await stack.emulator.control.moveClock({ advanceMs: WEEK_MS });
    }
  } finally {
    done = true;
    await Promise.all(consumers);
    await stopHurrying();
  }
  return { rotations, logins, failures, gapsMs };
}
