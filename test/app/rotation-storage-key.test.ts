import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AppStack, ESCROW_VAULT, startAppStack } from '../support/app-stack.ts';
import { rotationsOf, told, VAULT } from '../support/rotations.ts';

const ACCOUNTS = ['contosodata', 'contosologs'];
const [ACCOUNT = '', OTHER = ''] = ACCOUNTS;
const DAY_MS = 86_400_000;

let stack: AppStack;
let kv: ReturnType<typeof rotationsOf>;
beforeAll(async () => {
  // A sweep would go on with what a fault broke off before a person asks for it.
  stack = await startAppStack({ vaults: [VAULT], storageAccounts: ACCOUNTS, timers: false });
  kv = rotationsOf(stack);
});
afterAll(() => stack?.stop());
afterEach(async () => {
  await stack.emulator.control.clearFaults();
  await stack.emulator.control.arm({});
});

const account = (name = ACCOUNT) => stack.emulator.ready.storageAccounts?.[name] ?? expect.fail(`there is no account ${name}`);
/** Both keys, as the account's owner sees them. */
const keys = async (name = ACCOUNT): Promise<string[]> => {
  const token = await stack.emulator.token('https://management.azure.com');
  const { body } = await stack.emulator.send(`${stack.emulator.ready.armUrl}${account(name).id}/listKeys?api-version=2025-08-01`, {
    method: 'POST',
    token,
  });
  return body.keys.map(({ value }: { value: string }) => value);
};
const works = (value: string | undefined): Promise<boolean> =>
  new BlobServiceClient(account().blobEndpoint, new StorageSharedKeyCredential(ACCOUNT, value ?? ''), { retryOptions: { maxTries: 1 } })
    .getProperties()
    .then(
      () => true,
      () => false,
    );
const manage = async (name: string, more: Record<string, string> = {}) => {
  const [key1 = ''] = await keys();
  await kv.secrets.setSecret(name, key1, { tags: { 'rot-provider': 'azure-storage-key', 'rot-target': account().id, ...more } });
  return key1;
};
const regenerations = async () => (await stack.emulator.control.requests()).filter(({ path }) => path.endsWith('/regenerateKey')).length;

describe('the rotation of a storage key', () => {
  test('regenerates the other key, once, and publishes it when the data plane takes it', async () => {
    const key1 = await manage('fresh');
    const before = await regenerations();
    const run = await kv.rotate('fresh');
    expect(run.status, told(run)).toBe('Completed');
    expect(run.steps.map(({ name }) => name)).toEqual(['Lock', 'Escrow', 'Obtain', 'Apply', 'Publish', 'Confirm']);
    const { value, properties } = await kv.secrets.getSecret('fresh');
    expect([key1, value]).toEqual(await keys());
    expect([await works(value), await works(key1)]).toEqual([true, true]);
    expect(properties.tags).toMatchObject({ 'rot-slot': 'key2' });
    expect((await regenerations()) - before).toBe(1);
    expect((await kv.entriesOf('fresh')).map(({ tags }) => tags?.['rot-state']).sort()).toEqual(['intent', 'published']);
  });

  test('after a compromise ends the key that leaked, too', async () => {
    const key1 = await manage('leaked');
    const run = await kv.rotate('leaked', { reason: 'seen in a log', mode: 'compromise' });
    expect(run.status, told(run)).toBe('Completed');
    expect(await works(key1)).toBe(false);
    expect(await works((await kv.secrets.getSecret('leaked')).value)).toBe(true);
  });

  test('leaves the old key until the next rotation, which takes its place', async () => {
    const key1 = await manage('steady', { 'rot-policy': 'every=10d;grace=3d' });
    await kv.rotate('steady');
    await stack.emulator.control.moveClock({ advanceMs: 4 * DAY_MS });
    expect((await stack.api(`/secrets/${VAULT}/steady`)).body.secret).toMatchObject({ state: 'fresh', next: null });
    expect(await works(key1)).toBe(true);

    const again = await kv.rotate('steady');
    expect(again.status, told(again)).toBe('Completed');
    const { value, properties } = await kv.secrets.getSecret('steady');
    expect(properties.tags).toMatchObject({ 'rot-slot': 'key1' });
    expect([await works(value), await works(key1)]).toEqual([true, false]);
  });

  test('whose answer was lost waits, looks, and regenerates nothing twice', async () => {
    await manage('lost');
    await stack.emulator.control.fault({ match: { path: '*/regenerateKey' }, times: 1, action: 'dropAfter' });
    const before = await regenerations();
    const run = await kv.rotate('lost');
    expect(run.status, told(run)).toBe('Completed');
    expect((await regenerations()) - before).toBe(1);
  });

  test('that takes hours waits on durable timers, also across a restart', async () => {
    await manage('slow');
    await stack.emulator.control.arm({ regenerateMs: 3 * 3_600_000 });
    const before = await regenerations();
    const id = await kv.ask('slow');
    await expect.poll(async () => (await stack.api(`/runs/${id}`)).body.status, { timeout: 20_000 }).toBe('Waiting');
    await stack.killHost();
    await stack.startHost();
    const stopHurrying = stack.hurry(120_000);
    const run = await stack.runEnd(id).finally(stopHurrying);
    expect(run.status, told(run)).toBe('Completed');
    expect((await regenerations()) - before).toBe(1);
    expect(await stack.activityTurns(id)).toBeLessThanOrEqual(100);
  });

  test('that is killed by a late regeneration right after it was published, publishes what the account holds', async () => {
    await manage('late');
    const id = await kv.ask('late');
    // The first confirmation went well; one window later it looks again.
    await expect
      .poll(async () => (await stack.api(`/runs/${id}`)).body.steps?.at(-1)?.message, { timeout: 20_000 })
      .toContain('confirmed again');
    const token = await stack.emulator.token('https://management.azure.com');
    const url = `${stack.emulator.ready.armUrl}${account().id}/regenerateKey?api-version=2025-08-01`;
    await stack.emulator.send(url, { method: 'POST', token, body: { keyName: 'key2' } });
    const stopHurrying = stack.hurry();
    const run = await stack.runEnd(id).finally(stopHurrying);
    expect(run.status, told(run)).toBe('Completed');
    expect(run.steps.map(({ name }) => name)).toContain('Reconcile');
    const { value, properties } = await kv.secrets.getSecret('late');
    expect([(await keys())[1], await works(value)]).toEqual([value, true]);
    expect(properties.tags).toHaveProperty('rot-grace-until');
  });

  test('of a secret that was pointed at another account takes nothing from there', async () => {
    await manage('pointed', { 'rot-target': account(OTHER).id });
    const before = await keys(OTHER);
    const run = await kv.rotate('pointed');
    expect(run.steps.at(-1)).toMatchObject({ status: 'Failed', message: expect.stringContaining('is accepted by its target') });
    expect(await keys(OTHER)).toEqual(before);
    expect(await kv.versionsOf('pointed')).toHaveLength(1);
  });

  test('that is not allowed stops with the role that is missing, and goes on later with the same rotation', async () => {
    await manage('barred');
    await stack.emulator.control.fault({ match: { path: '*/regenerateKey' }, times: 1, action: 'answer', status: 403, body: {} });
    const run = await kv.rotate('barred');
    expect(run.steps.at(-1)).toMatchObject({ status: 'Failed', hint: expect.stringContaining('Key Operator') });
    const again = await kv.rotate('barred');
    expect(again.status, told(again)).toBe('Completed');
    expect(new Set((await kv.entriesOf('barred')).map(({ tags }) => tags?.['rot-id'])).size).toBe(1);
  });

  test('whose key cannot be stored in escrow reads it again, and regenerates nothing twice', async () => {
    await manage('unstored');
    const before = await regenerations();
    await stack.emulator.control.fault({
      match: { host: ESCROW_VAULT, method: 'PUT', path: '/secrets/*' },
      skip: 1,
      times: 4,
      action: 'dropBefore',
    });
    const run = await kv.rotate('unstored');
    expect(run.status, told(run)).toBe('Completed');
    expect((await regenerations()) - before).toBe(1);
  });

  // All the others are killed in the soak.
  test('killed right after the key was regenerated and stored goes on with it', async () => {
    await manage('killed');
    const before = await regenerations();
    await stack.killHost();
    await stack.startHost({ HSMKEEP_CRASH_AT: 'after-activity:obtainSecret:1' });
    const id = await kv.ask('killed');
    await stack.hostGone();
    await stack.startHost();
    const stopHurrying = stack.hurry();
    const run = await stack.runEnd(id).finally(stopHurrying);
    expect(run.status, told(run)).toBe('Completed');
    expect((await regenerations()) - before, 'one effective change').toBe(1);
    expect(await works((await kv.secrets.getSecret('killed')).value)).toBe(true);
    expect(await kv.versionsOf('killed')).toHaveLength(2);
  });
});
