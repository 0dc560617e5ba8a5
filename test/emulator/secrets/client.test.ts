import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { all, azureClients, servicePrincipal } from '../../support/azure-clients.ts';
import { startTestEmulator, type TestEmulator } from '../../support/emulator.ts';

/** `contoso-kv` is without emulated durations. */
let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator();
});
afterAll(() => emulator.stop());

const client = () => azureClients(emulator).secrets('contoso-kv');
const FAST = { intervalInMs: 10 };

describe('the official secrets client', () => {
  test('sets, reads and updates a secret', async () => {
    const secrets = client();
    const expiresOn = new Date('2031-01-01T00:00:00Z');

    const set = await secrets.setSecret('basics', 'first', { contentType: 'text/plain', tags: { team: 'data' }, expiresOn });
    await secrets.setSecret('basics', 'second');
    const version = set.properties.version ?? '';

    expect((await secrets.getSecret('Basics')).value).toBe('second');
    expect(await secrets.getSecret('basics', { version })).toMatchObject({
      value: 'first',
      properties: {
        contentType: 'text/plain',
        tags: { team: 'data' },
        expiresOn,
        enabled: true,
        recoveryLevel: 'Recoverable+Purgeable',
        recoverableDays: 90,
      },
    });
    const updated = await secrets.updateSecretProperties('basics', version, { tags: { team: 'ops' } });
    expect(updated).toMatchObject({ version, expiresOn, tags: { team: 'ops' } });
  });

  test('lists sixty secrets by pages, and the versions of one', async () => {
    const secrets = client();
    const names = Array.from({ length: 60 }, (_, index) => `listed-${String(index).padStart(2, '0')}`);
    for (const name of names) await secrets.setSecret(name, 'v');
    for (let count = 0; count < 29; count++) await secrets.setSecret('listed-00', `v${count}`);

    const pages: number[] = [];
    const found: string[] = [];
    for await (const page of secrets.listPropertiesOfSecrets().byPage({ maxPageSize: 20 })) {
      pages.push(page.length);
      found.push(...page.map(({ name }) => name).filter((name) => name.startsWith('listed-')));
    }

    expect(found).toEqual(names);
    expect(Math.max(...pages)).toBe(20);
    expect(await all(secrets.listPropertiesOfSecretVersions('listed-00'))).toHaveLength(30);
    expect(await all(secrets.listPropertiesOfSecretVersions('never-set'))).toEqual([]);
  });

  test('deletes, recovers, deletes again and purges', async () => {
    const secrets = client();
    await secrets.setSecret('passing', 'v');

    const deleted = await (await secrets.beginDeleteSecret('passing', FAST)).pollUntilDone();
    expect(deleted).toMatchObject({ name: 'passing', recoveryId: expect.stringContaining('/deletedsecrets/passing') });
    expect((await all(secrets.listDeletedSecrets())).map(({ name }) => name)).toContain('passing');
    await expect(secrets.setSecret('passing', 'again')).rejects.toMatchObject({ statusCode: 409, code: 'Conflict' });

    await (await secrets.beginRecoverDeletedSecret('passing', FAST)).pollUntilDone();
    expect((await secrets.getSecret('passing')).value).toBe('v');

    await (await secrets.beginDeleteSecret('passing', FAST)).pollUntilDone();
    await secrets.purgeDeletedSecret('passing');
    await expect(secrets.getDeletedSecret('passing')).rejects.toMatchObject({ statusCode: 404 });
    expect((await secrets.setSecret('passing', 'new')).value).toBe('new');
  });

  test('backs up a secret and restores it under a free name only', async () => {
    const secrets = client();
    const { properties } = await secrets.setSecret('kept', 'v', { tags: { t: '1' } });
    const backup = (await secrets.backupSecret('kept')) ?? new Uint8Array();

    await expect(secrets.restoreSecretBackup(backup)).rejects.toMatchObject({ statusCode: 409, code: 'Conflict' });
    await (await secrets.beginDeleteSecret('kept', FAST)).pollUntilDone();
    await secrets.purgeDeletedSecret('kept');
    const restored = await secrets.restoreSecretBackup(backup);

    expect(restored).toMatchObject({ version: properties.version, tags: { t: '1' } });
    expect((await secrets.getSecret('kept')).value).toBe('v');
    await expect(secrets.restoreSecretBackup(Buffer.from('nonsense'))).rejects.toMatchObject({
      statusCode: 400,
      code: 'Malformed backup blob',
    });
  });

  test('is told why it cannot have a disabled or an unknown secret', async () => {
    const secrets = client();
    await secrets.setSecret('disabled', 'v', { enabled: false });

    await expect(secrets.getSecret('disabled')).rejects.toMatchObject({
      statusCode: 403,
      code: 'Forbidden',
      details: { error: { innerError: { code: 'SecretDisabled' } } },
    });
    await expect(secrets.getSecret('never-set')).rejects.toMatchObject({ statusCode: 404, code: 'SecretNotFound' });
  });

  test('works for a service principal of the emulated authority', async () => {
    const secrets = azureClients(emulator, servicePrincipal(emulator)).secrets('contoso-kv');

    await secrets.setSecret('by-principal', 'v');

    expect((await secrets.getSecret('by-principal')).value).toBe('v');
  });
});

describe('soft delete in time', () => {
  test('passes through its states as the clock goes on, and the clients wait for them', async () => {
    const slow = await startTestEmulator({ timeScale: 100 });
    try {
      const secrets = azureClients(slow, servicePrincipal(slow)).secrets('contoso-kv');
      await secrets.setSecret('s', 'v');

      const deletion = await secrets.beginDeleteSecret('s', FAST);
      await expect(secrets.getDeletedSecret('s')).rejects.toMatchObject({ statusCode: 404 });
      await expect(secrets.setSecret('s', 'w')).rejects.toMatchObject({
        statusCode: 409,
        message: expect.stringContaining('being deleted'),
      });
      await expect(secrets.purgeDeletedSecret('s')).rejects.toMatchObject({ statusCode: 409 });
      expect(deletion.isDone()).toBe(false);
      await slow.control.moveClock({ advanceMs: 300_000 });
      await deletion.pollUntilDone();

      const recovery = await secrets.beginRecoverDeletedSecret('s', FAST);
      await expect(secrets.setSecret('s', 'w')).rejects.toMatchObject({
        statusCode: 409,
        message: expect.stringContaining('being recovered'),
      });
      await slow.control.moveClock({ advanceMs: 300_000 });
      await recovery.pollUntilDone();

      expect((await secrets.getSecret('s')).value).toBe('v');
    } finally {
      await slow.stop();
    }
  });

  test('is where it was after a restart', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'hsmkeep-secrets-'));
    onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
    const first = await startTestEmulator({ dataDir });
    const before = azureClients(first, servicePrincipal(first)).secrets('contoso-kv');
    const { properties } = await before.setSecret('live', 'v', { tags: { t: '1' } });
    await before.setSecret('deleted', 'w');
    await (await before.beginDeleteSecret('deleted', FAST)).pollUntilDone();
    const backup = (await before.backupSecret('live')) ?? new Uint8Array();
    await first.stop();

    const second = await startTestEmulator({ dataDir });
    onTestFinished(() => second.stop());
    const after = azureClients(second, servicePrincipal(second)).secrets('contoso-kv');

    expect(await after.getSecret('live')).toMatchObject({ value: 'v', properties: { version: properties.version, tags: { t: '1' } } });
    expect((await after.getDeletedSecret('deleted')).name).toBe('deleted');
    await (await after.beginDeleteSecret('live', FAST)).pollUntilDone();
    await after.purgeDeletedSecret('live');
    expect((await after.restoreSecretBackup(backup)).version).toBe(properties.version);
  });
});
