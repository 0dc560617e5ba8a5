import { randomBytes } from 'node:crypto';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeyVaultBackupClient } from '#keyvault-admin';
import { type RunningAzurite, startAzurite } from '../support/azurite.ts';
import { startTestEmulator, type TestEmulator } from '../support/emulator.ts';

let azurite: RunningAzurite;
let emulator: TestEmulator;
let backups: KeyVaultBackupClient;
let keys: KeyClient;
let container: string;

const options = () => ({ disableChallengeResourceVerification: true, tlsOptions: { ca: emulator.ca } });
const credential = {
  getToken: async () => ({ token: await emulator.token('https://managedhsm.azure.net'), expiresOnTimestamp: Date.now() + 3_600_000 }),
};

beforeAll(async () => {
  azurite = await startAzurite();
  emulator = await startTestEmulator({ storage: [azurite.connectionString] });
  container = `${azurite.blobEndpoint}/backups`;
  await BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('backups').create();
  const url = emulator.ready.hsms['contoso-hsm'] ?? '';
  backups = new KeyVaultBackupClient(url, credential, options());
  keys = new KeyClient(url, credential, options());
});
afterAll(async () => {
  await emulator?.stop();
  await azurite?.stop();
});

const crypto = (id: string | undefined) => new CryptographyClient(id ?? '', credential, options());
const purge = async (name: string): Promise<void> => {
  await (await keys.beginDeleteKey(name)).pollUntilDone();
  await keys.purgeDeletedKey(name);
  await expect(keys.getKey(name)).rejects.toMatchObject({ statusCode: 404 });
};

describe('what was encrypted before a backup decrypts after the key was deleted, purged and', () => {
  const secret = randomBytes(32);

  test('brought back by a full restore, all versions of it', async () => {
    const versions = [
      await keys.createRsaKey('full', { hsm: true, keySize: 2048 }),
      await keys.createRsaKey('full', { hsm: true, keySize: 2048 }),
    ];
    const sealed = await Promise.all(versions.map(({ id }) => crypto(id).encrypt({ algorithm: 'RSA-OAEP-256', plaintext: secret })));
    const { folderUri } = await (await backups.beginBackup(container)).pollUntilDone();

    await purge('full');
    await (await backups.beginRestore(folderUri ?? '')).pollUntilDone();

    for (const [index, { id }] of versions.entries()) {
      const opened = await crypto(id).decrypt({ algorithm: 'RSA-OAEP-256', ciphertext: sealed[index]?.result ?? new Uint8Array() });
      expect(Buffer.from(opened.result)).toEqual(secret);
    }
  });

  test('brought back alone, while newer keys stay', async () => {
    const { id } = await keys.createRsaKey('alone', { hsm: true, keySize: 2048 });
    const { result: ciphertext } = await crypto(id).encrypt({ algorithm: 'RSA-OAEP-256', plaintext: secret });
    const { folderUri } = await (await backups.beginBackup(container)).pollUntilDone();

    await keys.createEcKey('newer', { hsm: true });
    await purge('alone');
    await (await backups.beginSelectiveKeyRestore('alone', folderUri ?? '')).pollUntilDone();

    expect(Buffer.from((await crypto(id).decrypt({ algorithm: 'RSA-OAEP-256', ciphertext })).result)).toEqual(secret);
    expect((await keys.getKey('newer')).name).toBe('newer');
  });

  test('not otherwise', async () => {
    const { id } = await keys.createRsaKey('lost', { hsm: true, keySize: 2048 });
    const { result: ciphertext } = await crypto(id).encrypt({ algorithm: 'RSA-OAEP-256', plaintext: secret });
    await purge('lost');
    await expect(crypto(id).decrypt({ algorithm: 'RSA-OAEP-256', ciphertext })).rejects.toMatchObject({ statusCode: 404 });
  });
});
