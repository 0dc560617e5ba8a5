import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Sensitive } from '../../src/domain/rotation/sensitive.ts';
import { parseManagement } from '../../src/domain/rotation/tags.ts';
import { azureStorageKey } from '../../src/providers/azure-storage-key.ts';
import { emulatedAzure } from '../support/azure-access.ts';
import { startTestEmulator, type TestEmulator } from '../support/emulator.ts';
import { describeObtainedContract } from '../support/obtained-contract.ts';
import { managementOf, providerContext } from '../support/provider-contract.ts';

const ACCOUNT = 'contosodata';
let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({ hsms: [], vaults: [], storageAccounts: [ACCOUNT] });
  // Providers take no TLS options: on Azure none are needed, and the host's process is given the emulator's authority.
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await emulator?.stop();
});
afterEach(() => emulator.control.clearFaults());

const account = () => emulator.ready.storageAccounts?.[ACCOUNT] ?? expect.fail('there is no account');
const tags = (more: Record<string, string> = {}) => ({ 'rot-provider': 'azure-storage-key', 'rot-target': account().id, ...more });
const setup = () => {
  const management = managementOf(tags());
  return { context: providerContext(management, { azure: emulatedAzure(emulator) }), spec: azureStorageKey.parse(management) };
};
const key = async (slot: string) => {
  const { context, spec } = setup();
  return (await azureStorageKey.read(context, spec, slot)).value;
};
const accepts = async (value: string): Promise<boolean> => {
  const client = new BlobServiceClient(account().blobEndpoint, new StorageSharedKeyCredential(ACCOUNT, value), {
    retryOptions: { maxTries: 1 },
  });
  return client.getProperties().then(
    () => true,
    ({ statusCode }) => (statusCode === 403 ? false : expect.fail(`status ${statusCode}`)),
  );
};

describeObtainedContract(azureStorageKey, async () => ({
  tags: tags({ 'rot-policy': 'format=conn:AccountKey' }),
  azure: emulatedAzure(emulator),
  first: async () => (await key('key1')).use((plain) => `AccountName=${ACCOUNT};AccountKey=${plain};EndpointSuffix=x`),
  accepts,
  loseNextAnswer: async () => void (await emulator.control.fault({ match: { path: '*/regenerateKey' }, times: 1, action: 'dropAfter' })),
  stop: async () => {},
}));

describe('a storage key', () => {
  test('goes to the key that is not published, whatever the tags say', async () => {
    const { context, spec } = setup();
    const plan = { strategy: 'keypair', base: 'v1' } as const;
    expect(await azureStorageKey.choose(context, spec, { slot: 'key2', value: await key('key1') }, plan)).toMatchObject({ slot: 'key2' });
    expect(await azureStorageKey.choose(context, spec, { slot: '', value: await key('key2') }, plan)).toMatchObject({ slot: 'key1' });
    const unknown = new Sensitive('what no key holds');
    expect(await azureStorageKey.choose(context, spec, { slot: 'key2', value: unknown }, plan)).toMatchObject({ slot: 'key1' });
  });

  test('has another mark once it was regenerated, which gives nothing of it away', async () => {
    const { context, spec } = setup();
    const before = await azureStorageKey.read(context, spec, 'key2');
    expect((await azureStorageKey.read(context, spec, 'key2')).mark).toBe(before.mark);
    await azureStorageKey.regenerate(context, spec, 'key2');
    const after = await azureStorageKey.read(context, spec, 'key2');
    expect([after.mark === before.mark, after.value.equals(before.value)]).toEqual([false, false]);
    expect(after.value.use((plain) => plain)).not.toContain(after.mark);
  });

  test('that takes its time is polled until it is there', async () => {
    const { context, spec } = setup();
    await emulator.control.arm({ regenerateMs: 3_600_000 });
    const before = await azureStorageKey.read(context, spec, 'key2');
    const operation = (await azureStorageKey.regenerate(context, spec, 'key2')) ?? expect.fail('it was there at once');
    expect(operation.retryAfterMs).toBe(17_000);
    expect(await azureStorageKey.poll?.(context, spec, operation)).toBe('running');
    expect((await azureStorageKey.read(context, spec, 'key2')).mark).toBe(before.mark);

    const busy = await azureStorageKey.regenerate(context, spec, 'key1').catch((error: unknown) => azureStorageKey.classify(error));
    expect(busy).toEqual({ kind: 'transient', code: 'Status409' });
    await emulator.control.moveClock({ advanceMs: 3_600_000 });
    expect(await azureStorageKey.poll?.(context, spec, operation)).toBe('done');
    expect((await azureStorageKey.read(context, spec, 'key2')).mark).not.toBe(before.mark);
    await emulator.control.arm({});
  });

  test.each([
    [429, {}, { kind: 'throttled', code: 'Status429', retryAfterMs: 7_000 }],
    [403, {}, { kind: 'denied', hint: expect.stringContaining('Key Operator') }],
    [404, {}, { kind: 'gone', hint: expect.stringContaining('rot-target') }],
    [
      409,
      { error: { code: 'ScopeLocked', message: 'canary' } },
      { kind: 'denied', code: 'ScopeLocked', hint: expect.stringContaining('lock') },
    ],
    [409, {}, { kind: 'transient' }],
    [500, {}, { kind: 'unknown-outcome', code: 'Status500' }],
    [400, {}, { kind: 'config' }],
  ])('tells what %i means (%o), and asks once', async (status, body, expected) => {
    const { context, spec } = setup();
    await emulator.control.fault({
      match: { path: '*/regenerateKey' },
      times: 9,
      action: 'answer',
      status,
      body,
      headers: { 'Retry-After': '7' },
    });
    const before = (await emulator.control.requests()).length;
    const failure = azureStorageKey.classify(await azureStorageKey.regenerate(context, spec, 'key2').catch((error: unknown) => error));
    expect(failure).toMatchObject(expected);
    const asked = (await emulator.control.requests()).slice(before).filter(({ target }) => target === 'arm');
    expect(asked).toHaveLength(1);
  });

  test('that the data plane does not take is not verified', async () => {
    const { context, spec } = setup();
    const wrong = { rotationId: 'r', slot: 'key1', value: new Sensitive(Buffer.alloc(64).toString('base64')) };
    const thrown = await azureStorageKey.verify(context, spec, wrong).catch((error: unknown) => error);
    expect(azureStorageKey.classify(thrown)).toMatchObject({ kind: 'transient', code: 'DataPlaneStatus403' });
  });

  test.each([
    [{ 'rot-target': 'https://contosodata.blob.core.windows.net' }, 'resource id'],
    [{ 'rot-target': '/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/../x' }, 'resource id'],
    [{ 'rot-principal': 'key3' }, 'rot-principal'],
    [{ 'rot-admin': 'contoso-kv/root' }, 'rot-admin'],
    [{ 'rot-policy': 'strategy=single' }, 'strategy'],
  ])('with the tags %o is refused', (changes, message) => {
    const parsed = parseManagement(tags(changes));
    if (parsed.status !== 'managed') throw new Error('The tags of the test are no good.');
    expect(() => azureStorageKey.parse(parsed.management)).toThrow(message);
  });
});
