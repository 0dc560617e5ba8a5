import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyVaultBackupClient } from '../../../src/clients/keyvault-admin/index.ts';
import { countingCredential, LOCAL_OPTIONS, type ScriptedHsm, startScriptedHsm } from './scripted-hsm.ts';
import { CONTAINER, FOLDER_URI, jobScript } from './scripted-jobs.ts';

const FOLDER = 'mhsm-examplehsm-2025010203040517';

let hsm: ScriptedHsm;
let client: KeyVaultBackupClient;
beforeEach(async () => {
  hsm = await startScriptedHsm(jobScript({}));
  client = new KeyVaultBackupClient(hsm.url, countingCredential(), LOCAL_OPTIONS);
});
afterEach(() => hsm.stop());

const sent = () => hsm.authorized().map(({ method, path, body }) => ({ method, path, body }));
const byIdentity = { storageResourceUri: CONTAINER, useManagedIdentity: true };
const bySas = (token: string) => ({ storageResourceUri: CONTAINER, token, useManagedIdentity: false });

test('without a signature the HSM is told to use its managed identity', async () => {
  await client.beginBackup(CONTAINER);
  await client.beginPreBackup(CONTAINER, {});
  await client.beginRestore(FOLDER_URI);
  await client.beginPreRestore(FOLDER_URI);
  await client.beginSelectiveKeyRestore('payroll', FOLDER_URI);
  expect(sent()).toEqual([
    { method: 'POST', path: '/backup', body: byIdentity },
    { method: 'POST', path: '/prebackup', body: byIdentity },
    { method: 'PUT', path: '/restore', body: { sasTokenParameters: byIdentity, folderToRestore: FOLDER } },
    { method: 'PUT', path: '/prerestore', body: { sasTokenParameters: byIdentity, folderToRestore: FOLDER } },
    { method: 'PUT', path: '/keys/payroll/restore', body: { sasTokenParameters: byIdentity, folder: FOLDER } },
  ]);
});

test('a signature is sent as it is, an empty one too', async () => {
  await client.beginBackup(CONTAINER, 'sv=1&sig=a%2Bb');
  await client.beginBackup(CONTAINER, '');
  await client.beginRestore(FOLDER_URI, 'sv=1&sig=a%2Bb');
  expect(sent().map(({ body }) => body)).toEqual([
    bySas('sv=1&sig=a%2Bb'),
    bySas(''),
    { sasTokenParameters: bySas('sv=1&sig=a%2Bb'), folderToRestore: FOLDER },
  ]);
});

test('options are found behind an undefined signature', async () => {
  const headers = { 'x-run': 'night-7' };
  await client.beginBackup(CONTAINER, undefined as unknown as string, { requestOptions: { headers } });
  expect(hsm.authorized()[0]?.headers['x-run']).toBe('night-7');
  expect(sent()[0]?.body).toEqual(byIdentity);
});

test('a path-style folder URL is split at its last slash', async () => {
  await client.beginRestore('http://127.0.0.1:10000/account/container/mhsm-a-b-2025010203040517');
  expect(sent()[0]?.body).toMatchObject({
    sasTokenParameters: { storageResourceUri: 'http://127.0.0.1:10000/account/container' },
    folderToRestore: 'mhsm-a-b-2025010203040517',
  });
});

test.each([`${FOLDER_URI}/`, '', 'folder'])('the folder URL %j is refused before anything is sent', async (folderUri) => {
  await expect(client.beginRestore(folderUri)).rejects.toThrow(/^The provided folder URI/);
  await expect(client.beginPreRestore(folderUri)).rejects.toThrow(/^The provided folder URI/);
  await expect(client.beginSelectiveKeyRestore('payroll', folderUri)).rejects.toThrow(/^The provided folder URI/);
  expect(hsm.requests).toHaveLength(0);
});

test.each(['', '.', '..'])('the key name %j is refused: it would lead to another operation', async (keyName) => {
  await expect(client.beginSelectiveKeyRestore(keyName, FOLDER_URI)).rejects.toThrow('key name');
  expect(hsm.requests).toHaveLength(0);
});

test('a key name stays one segment of the path', async () => {
  await client.beginSelectiveKeyRestore('../restore?x', FOLDER_URI);
  expect(sent()[0]?.path).toBe('/keys/..%2Frestore%3Fx/restore');
});
