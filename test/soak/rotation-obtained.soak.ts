import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { findRedis } from '../../src/local/stack/targets/redis.ts';
import { azureStorageKey } from '../../src/providers/azure-storage-key.ts';
import { type AppStack, ESCROW_VAULT, startAppStack } from '../support/app-stack.ts';
import { emulatedAzure } from '../support/azure-access.ts';
import { startTestEmulator } from '../support/emulator.ts';
import { entraDirectory } from '../support/entra-directory.ts';
import { BOUNDARIES } from '../support/kill-rounds.ts';
import { managementOf, providerContext } from '../support/provider-contract.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { FIRST, rotationsOf, told, VAULT } from '../support/rotations.ts';

/** One kind of target, seen past the app. */
type Kind = Readonly<{
  /** Makes a secret on a target of its own; returns its first value. */
  make(name: string, round: number): Promise<string>;
  /** How many credentials of ours the target has had made and still accepts, or was asked to make: one for each rotation. */
  changes(round: number): Promise<number>;
  /** The same after a rotation, and another because its value is known to others. */
  changesOfLeak: number;
  /** How that run ends. */
  endOfLeak: Run['status'];
  accepts(round: number, name: string, value: string): Promise<boolean>;
}>;

const COMPROMISED = { reason: 'seen in a log', mode: 'compromise' };

const ROUNDS = 50;
const numbered = (prefix: string) => Array.from({ length: ROUNDS }, (_, round) => `${prefix}${round}`);
const [ACCOUNTS, APPS] = [numbered('data'), numbered('web')];

let stack: AppStack;
let kv: ReturnType<typeof rotationsOf>;
let redis: TestRedis | undefined;
beforeAll(async () => {
  redis = 'absent' in findRedis() ? undefined : await startTestRedis();
  stack = await startAppStack({ vaults: [VAULT], storageAccounts: ACCOUNTS, applications: APPS, alsoTargets: redis ? [redis.target] : [] });
  kv = rotationsOf(stack);
});
afterAll(async () => {
  await stack?.stop();
  await redis?.stop();
});
afterEach(() => stack.emulator.control.clearFaults());

const account = (round: number) => stack.emulator.ready.storageAccounts?.[`data${round}`] ?? expect.fail('there is no such account');
const keysOf = async (round: number): Promise<string[]> => {
  const token = await stack.emulator.token('https://management.azure.com');
  const url = `${stack.emulator.ready.armUrl}${account(round).id}/listKeys?api-version=2025-08-01`;
  const { body } = await stack.emulator.send(url, { method: 'POST', token });
  return body.keys.map(({ value }: { value: string }) => value);
};
const app = (round: number) => entraDirectory(stack.emulator, `web${round}`);

const KINDS: Readonly<Record<string, Kind>> = {
  'azure-storage-key': {
    // The other key, then the one that was published, and that one's successor for its end.
    changesOfLeak: 3,
    endOfLeak: 'Completed',
    async make(name, round) {
      const [key1 = ''] = await keysOf(round);
      await kv.secrets.setSecret(name, key1, { tags: { 'rot-provider': 'azure-storage-key', 'rot-target': account(round).id } });
      return key1;
    },
    changes: async (round) =>
      (await stack.emulator.control.requests()).filter(({ path }) => path.endsWith(`/data${round}/regenerateKey`)).length,
    accepts: async (round, _name, value) => (await keysOf(round)).includes(value),
  },
  'entra-app': {
    changesOfLeak: 1,
    // The secret that the application had at first is not ours to end, which a person is told.
    endOfLeak: 'Degraded',
    async make(name, round) {
      const tags = { 'rot-provider': 'entra-app', 'rot-target': `/applications/${app(round).app.id}` };
      await kv.secrets.setSecret(name, app(round).app.clientSecret, { tags });
      return app(round).app.clientSecret;
    },
    changes: async (round) => (await app(round).passwords()).filter(({ displayName }) => displayName?.startsWith('rot:')).length,
    accepts: (round, _name, value) => app(round).accepts(value),
  },
};

/** Asks for a rotation of which the host dies at a place, and starts it again. @returns The run's id. */
async function killed(name: string, at: string, lostHub: boolean, body?: object, meanwhile = async () => {}): Promise<string> {
  await stack.killHost();
  await stack.startHost({ HSMKEEP_CRASH_AT: at });
  const id = await kv.ask(name, body);
  const stopHurrying = stack.hurry();
  await stack.hostGone().finally(stopHurrying);
  if (lostHub) rmSync(stack.hostData, { recursive: true, force: true });
  await meanwhile();
  await stack.startHost();
  return id;
}

/** Whether anything of a rotation is still to be done. */
async function isOpen(name: string): Promise<boolean> {
  const { properties } = await kv.secrets.getSecret(name);
  return (await kv.entriesOf(name)).some(({ enabled }) => enabled) || properties.tags?.['rot-grace-until'] !== undefined;
}

const places = (activities: readonly string[]) => activities.flatMap((activity) => BOUNDARIES.map((kind) => `${kind}:${activity}:1`));
const PLACES = places(['escrowSecret', 'obtainSecret', 'applySecret', 'publishSecret', 'confirmSecret']);
const END_PLACES = places(['retireOldSecret', 'closeSecret']);

describe.each(Object.entries(KINDS))('a rotation of %s', (title, kind) => {
  test.each(PLACES.flatMap((at, index) => [[at, false, index] as const, [at, true, index + PLACES.length] as const]))(
    'killed at %s (history lost: %s) is completed, and its target changed once',
    async (at, lostHub, round) => {
      const name = `${title}-${round}`;
      const first = await kind.make(name, round);
      const id = await killed(name, at, lostHub);

      const stopHurrying = stack.hurry();
      try {
        const run = await stack.runEnd(lostHub ? await kv.ask(name) : id);
        if (!lostHub) expect(run.status, told(run)).toBe('Completed');
        const newest = async () => (await kv.entriesOf(name)).some(({ tags }) => tags?.['rot-state'] === 'published');
        await expect.poll(newest, { timeout: 60_000 }).toBe(true);
      } finally {
        await stopHurrying();
      }
      expect(await kind.changes(round), 'one effective change').toBe(1);
      expect(new Set((await kv.entriesOf(name)).map(({ tags }) => tags?.['rot-id'])).size, 'one rotation id').toBe(1);
      expect(await kv.versionsOf(name)).toHaveLength(2);
      const { value = '' } = await kv.secrets.getSecret(name);
      expect([await kind.accepts(round, name, value), await kind.accepts(round, name, first)]).toEqual([true, true]);
    },
  );

  const from = 2 * PLACES.length;
  test.each(END_PLACES.flatMap((at, index) => [[at, false, from + index] as const, [at, true, from + END_PLACES.length + index] as const]))(
    'whose old value others know, killed at %s (history lost: %s), ends it, and nothing else',
    async (at, lostHub, round) => {
      const name = `${title}-${round}`;
      await kind.make(name, round);
      expect((await kv.rotate(name)).status).toBe('Completed');
      const { value: leaked = '' } = await kv.secrets.getSecret(name);
      const id = await killed(name, at, lostHub, COMPROMISED);

      const stopHurrying = stack.hurry(20_000);
      try {
        // With the history lost nobody asks again: the sweep finds what is left to be done.
        const run = lostHub ? undefined : await stack.runEnd(id);
        if (run) expect(run.status, told(run)).toBe(kind.endOfLeak);
        await expect.poll(() => isOpen(name), { timeout: 60_000 }).toBe(false);
      } finally {
        await stopHurrying();
      }
      expect(new Set((await kv.entriesOf(name)).map(({ tags }) => tags?.['rot-id'])).size, 'one id for each rotation').toBe(2);
      expect(await kv.versionsOf(name)).toHaveLength(3);
      const { value = '' } = await kv.secrets.getSecret(name);
      expect([await kind.accepts(round, name, value), await kind.accepts(round, name, leaked)]).toEqual([true, false]);
      expect(await kind.changes(round)).toBe(kind.changesOfLeak);
    },
  );
});

test('an application secret whose host is killed between Graph and the escrow, ten times, leaves no orphan', async () => {
  const round = ROUNDS - 1;
  const directory = app(round);
  await KINDS['entra-app']?.make('orphans', round);
  const added = async () =>
    (await stack.emulator.control.requests()).filter(
      ({ path, status }) => path.includes(`${directory.app.id}/addPassword`) && status === 200,
    );
  // The intent is stored; no answer comes to whoever wants to store what Graph made.
  const storing = { host: ESCROW_VAULT, method: 'PUT', path: '*orphans*' };
  await stack.emulator.control.fault({ match: storing, skip: 1, times: 99, action: 'hang' });
  await kv.ask('orphans');
  for (let time = 1; time <= 10; time += 1) {
    await expect.poll(async () => (await added()).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(time);
    await stack.killHost();
    if (time === 10) await stack.emulator.control.clearFaults();
    await stack.startHost();
  }
  const stopHurrying = stack.hurry();
  const published = async () => (await kv.versionsOf('orphans')).length === 2;
  await expect.poll(published, { timeout: 90_000 }).toBe(true).finally(stopHurrying);
  expect(await KINDS['entra-app']?.changes(round)).toBe(1);
  expect(await directory.accepts((await kv.secrets.getSecret('orphans')).value ?? '')).toBe(true);
});

describe.skipIf('absent' in findRedis())('a rotation of a Redis user', () => {
  const NORMAL_PLACES = places(['escrowSecret', 'applySecret', 'publishSecret', 'confirmSecret']);
  const cases = [...NORMAL_PLACES.map((at) => [at, false] as const), ...END_PLACES.map((at) => [at, true] as const)];

  test.each(cases.flatMap(([at, leaked]) => [[at, false, leaked] as const, [at, true, leaked] as const]))(
    'killed at %s (history lost: %s), and its servers with it, is completed, and changes them once',
    async (at, lostHub, leaked) => {
      const servers = redis ?? expect.fail('there is no Redis');
      const name = `redis-${at.replaceAll(':', '-')}${lostHub ? '-lost' : ''}`;
      await servers.makeUser(name, FIRST);
      // What its owner made outlives the power cut; what hsmkeep changes has to see to that itself.
      for (const node of [servers.primary, servers.replica]) await node.run('ACL', 'SAVE');
      await kv.secrets.setSecret('cache-admin', servers.admin);
      const tags = {
        'rot-provider': 'redis-acl',
        'rot-target': servers.target,
        'rot-principal': name,
        'rot-admin': `${VAULT}/cache-admin`,
      };
      await kv.secrets.setSecret(name, FIRST, { tags });
      const id = await killed(name, at, lostHub, leaked ? COMPROMISED : undefined, servers.primary.killAndRestart);

      const stopHurrying = stack.hurry(20_000);
      try {
        const run = !lostHub ? await stack.runEnd(id) : leaked ? undefined : await stack.runEnd(await kv.ask(name));
        if (run && !lostHub) expect(run.status, told(run)).toBe('Completed');
        const isDone = async () =>
          leaked ? !(await isOpen(name)) : (await kv.entriesOf(name)).some((entry) => entry.tags?.['rot-state'] === 'published');
        await expect.poll(isDone, { timeout: 60_000 }).toBe(true);
      } finally {
        await stopHurrying();
      }
      expect(new Set((await kv.entriesOf(name)).map((entry) => entry.tags?.['rot-id'])).size, 'one rotation id').toBe(1);
      expect(await kv.versionsOf(name)).toHaveLength(2);
      const { value = '' } = await kv.secrets.getSecret(name);
      for (const node of [servers.primary, servers.replica]) {
        expect([await node.accepts(name, value), await node.accepts(name, FIRST)]).toEqual([true, !leaked]);
        expect(await node.passwordsOf(name), 'one effective change').toBe(leaked ? 1 : 2);
      }
    },
  );
});

test('a regenerated storage key works as soon as the data plane has re-read its keys, a minute later at most', async () => {
  const emulator = await startTestEmulator({ hsms: [], vaults: [], storageAccounts: ['contosodata'], timeScale: 1 });
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  try {
    const target = emulator.ready.storageAccounts?.['contosodata']?.id ?? '';
    const management = managementOf({ 'rot-provider': 'azure-storage-key', 'rot-target': target });
    const setup = () => providerContext(management, { azure: emulatedAzure(emulator) });
    const spec = azureStorageKey.parse(management);
    await azureStorageKey.regenerate(setup(), spec, 'key2');
    const { value } = await azureStorageKey.read(setup(), spec, 'key2');
    const works = () =>
      azureStorageKey.verify(setup(), spec, { rotationId: 'r', slot: 'key2', value }).then(
        () => true,
        () => false,
      );
    expect(await works(), 'the data plane does not know it yet').toBe(false);
    let waitedMs = 0;
    for (const began = performance.now(); !(await works()); waitedMs = performance.now() - began) await delay(1_000);
    expect(waitedMs).toBeLessThan(65_000);
  } finally {
    vi.unstubAllEnvs();
    await emulator.stop();
  }
});
