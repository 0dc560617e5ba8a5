import { randomUUID } from 'node:crypto';
import {
  type BlobSASPermissions,
  BlobServiceClient,
  type ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningAzurite, startAzurite } from '../support/azurite.ts';
import { type Answer, type SendOptions, startTestEmulator, type TestEmulator } from '../support/emulator.ts';

let azurite: RunningAzurite;
let emulator: TestEmulator;
let blobs: BlobServiceClient;

beforeAll(async () => {
  azurite = await startAzurite();
  blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
  emulator = await startTestEmulator({
    hsms: [{ name: 'source', domain: 'emea' }, { name: 'twin', domain: 'emea' }, { name: 'stranger' }, { name: 'busy-hsm-2' }],
    vaults: [],
    storage: [azurite.connectionString],
  });
});
afterAll(async () => {
  await emulator?.stop();
  await azurite?.stop();
});

const send = (path: string, options?: SendOptions, hsm = 'source') => {
  const query = path.endsWith('/pending') ? '' : `${path.includes('?') ? '&' : '?'}api-version=7.6`;
  return emulator.send(`${emulator.ready.hsms[hsm]}${path}${query}`, options);
};
const poll = (started: Answer) => emulator.send(String(started.headers['azure-asyncoperation']));

async function newContainer(): Promise<{ uri: string; client: ContainerClient }> {
  const client = blobs.getContainerClient(`c${randomUUID()}`);
  await client.create();
  return { uri: client.url, client };
}

const withIdentity = (uri: string) => ({ storageResourceUri: uri, useManagedIdentity: true });

function sas(container: ContainerClient, permissions: string, expiresOn = new Date(Date.now() + 3_600_000)): string {
  const credential = new StorageSharedKeyCredential(azurite.accountName, azurite.accountKey);
  const parsed = ContainerSASPermissions.parse(permissions) as unknown as BlobSASPermissions;
  return generateBlobSASQueryParameters({ containerName: container.containerName, permissions: parsed, expiresOn }, credential).toString();
}

const createKey = (name: string, hsm?: string) => send(`/keys/${name}/create`, { method: 'POST', body: { kty: 'EC', crv: 'P-256' } }, hsm);

/** A finished backup, and its folder's name. */
async function takeBackup(uri: string, hsm?: string): Promise<{ folder: string; body: Answer['body'] }> {
  const { body } = await poll(await send('/backup', { method: 'POST', body: withIdentity(uri) }, hsm));
  expect(body.status).toBe('Succeeded');
  return { folder: body.azureStorageBlobContainerUri.split('/').at(-1), body };
}

const restoreBody = (uri: string, folder: string) => ({ sasTokenParameters: withIdentity(uri), folderToRestore: folder });

/** Starts a restore of some kind and returns the first poll. */
async function restored(path: '/restore' | '/prerestore', body: unknown, hsm?: string): Promise<Answer['body']> {
  const started = await send(path, { method: 'PUT', body }, hsm);
  expect(started.status).toBe(202);
  return (await poll(started)).body;
}

describe('a full backup', () => {
  test('is started with 202 and every field written out, in the order of the service', async () => {
    const { uri } = await newContainer();
    const started = await send('/backup', { method: 'POST', body: withIdentity(uri) });
    const { status, text, headers } = started;
    expect(status).toBe(202);
    expect(text).toMatch(
      /^\{"status":"InProgress","statusDetails":null,"error":null,"startTime":\d{10},"endTime":null,"jobId":"[0-9a-f]{32}","azureStorageBlobContainerUri":null\}$/,
    );
    const { jobId } = JSON.parse(text);
    expect(headers['azure-asyncoperation']).toBe(`${emulator.ready.hsms['source']}/backup/${jobId}/pending`);
    expect(headers['retry-after']).toBe('0');
    await poll(started);
  });

  test('is polled without api-version, or with one, in alphabetical order', async () => {
    const { uri } = await newContainer();
    const started = await send('/backup', { method: 'POST', body: withIdentity(uri) });
    const { status, text, body, headers } = await poll(started);
    expect(status).toBe(200);
    expect(text).toMatch(
      /^\{"azureStorageBlobContainerUri":"[^"]+","endTime":\d+,"error":null,"jobId":"[0-9a-f]{32}","startTime":\d+,"status":"Succeeded","statusDetails":null\}$/,
    );
    expect(headers['retry-after']).toBe('1');
    expect((await emulator.send(`${started.headers['azure-asyncoperation']}?api-version=7.4`)).body).toEqual(body);
    expect((await emulator.send(`${started.headers['azure-asyncoperation']}?api-version=1.0`)).status).toBe(400);
  });

  test('makes a folder named after the HSM and the start, 16 digits, with header, data and end marker', async () => {
    const { uri, client } = await newContainer();
    const { folder, body } = await takeBackup(uri, 'busy-hsm-2');
    expect(body.azureStorageBlobContainerUri).toBe(`${uri}/${folder}`);
    expect(folder).toMatch(/^mhsm-busy-hsm-2-\d{16}$/);
    const startedAt = new Date(body.startTime * 1000).toISOString().replace(/\D/g, '').slice(0, 14);
    expect(folder.slice(-16, -2)).toBe(startedAt);

    const names: string[] = [];
    for await (const blob of client.listBlobsFlat()) names.push(blob.name);
    expect(names).toContain(`${folder}/header.json`);
    expect(names).toContain(`${folder}/end.json`);
    expect(names.filter((name) => name.startsWith(`${folder}/data-`)).length).toBeGreaterThan(1);
  });

  test('never shares a folder with another, however soon it follows', async () => {
    const { uri } = await newContainer();
    const folders = new Set<string>();
    for (let count = 0; count < 5; count += 1) folders.add((await takeBackup(uri)).folder);
    expect(folders.size).toBe(5);
  });

  test('holds no key in the clear', async () => {
    const { uri, client } = await newContainer();
    await createKey('hidden');
    const { folder } = await takeBackup(uri);
    for await (const blob of client.listBlobsFlat({ prefix: `${folder}/` })) {
      expect((await client.getBlobClient(blob.name).downloadToBuffer()).toString('latin1')).not.toContain('hidden');
    }
  });

  test('works with a SAS token that may only create and write, also one with a question mark', async () => {
    const { uri, client } = await newContainer();
    for (const token of [sas(client, 'racwdl'), `?${sas(client, 'cw')}`]) {
      const { body } = await poll(
        await send('/backup', { method: 'POST', body: { storageResourceUri: uri, token, useManagedIdentity: false } }),
      );
      expect(body).toMatchObject({ status: 'Succeeded', azureStorageBlobContainerUri: expect.not.stringContaining('sig=') });
    }
  });
});

describe('the storage', () => {
  const failedBackup = async (body: unknown) => (await poll(await send('/backup', { method: 'POST', body }))).body;

  test('without the container fails the job with its own code, repeated in the details', async () => {
    const body = await failedBackup(withIdentity(`${azurite.blobEndpoint}/missing`));
    expect(body).toMatchObject({
      status: 'Failed',
      statusDetails: 'ContainerNotFound',
      error: { code: 'ContainerNotFound', innererror: null, message: expect.stringContaining('container does not exist') },
      azureStorageBlobContainerUri: null,
      endTime: expect.any(Number),
    });
  });

  test('named without a container fails the job', async () => {
    expect((await failedBackup(withIdentity(azurite.blobEndpoint))).error.code).toBe('InvalidQueryParameterValue');
  });

  test('that the identity may not use, or that refuses the token, fails the job', async () => {
    const { uri, client } = await newContainer();
    expect((await failedBackup(withIdentity('https://elsewhere.blob.core.windows.net/c'))).error.code).toBe(
      'AuthorizationPermissionMismatch',
    );

    const expired = sas(client, 'racwdl', new Date(Date.now() - 1000));
    const wrong = sas(client, 'racwdl').replace(/sig=[^&]+/, 'sig=AAAA');
    const readOnly = sas(client, 'r');
    for (const token of [expired, wrong, readOnly]) {
      const { status, error, statusDetails } = await failedBackup({ storageResourceUri: uri, token });
      expect(status).toBe('Failed');
      expect(error.code).toMatch(/^Auth/);
      expect(statusDetails).toBe(error.code);
    }
  });

  test('of an account given by --storage is reached under its name in Azure too', async () => {
    const { client } = await newContainer();
    const uri = `https://${azurite.accountName}.blob.core.windows.net/${client.containerName}`;
    expect((await takeBackup(uri)).body.azureStorageBlobContainerUri).toMatch(new RegExp(`^${uri}/mhsm-source-`));
  });
});

describe('a malformed SAS token', () => {
  const token = 'sv=2024-01-01&sr=c&sp=rl&sig=AAAA';
  const message = 'The customer provided SAS token is malformed. The SAS token does not contain the expiry field';
  const parameters = { storageResourceUri: 'http://127.0.0.1:1/account/container', token };

  test('is refused at once by backup and restores', async () => {
    const answers = [
      await send('/backup', { method: 'POST', body: parameters }),
      await send('/restore', { method: 'PUT', body: { sasTokenParameters: parameters, folderToRestore: 'f' } }),
      await send('/keys/k/restore', { method: 'PUT', body: { sasTokenParameters: parameters, folder: 'f' } }),
    ];
    for (const { status, body } of answers)
      expect([status, body]).toEqual([400, { error: { code: 'BadRequest', innererror: null, message } }]);
    expect(answers[0]?.text).toMatch(/^\{"error":\{"code":"BadRequest","message":.*"innererror":null\}\}$/);
  });

  test('fails the pre-checks as jobs', async () => {
    const started = [
      await send('/prebackup', { method: 'POST', body: parameters }),
      await send('/prerestore', { method: 'PUT', body: { sasTokenParameters: parameters, folderToRestore: 'f' } }),
    ];
    for (const answer of started) {
      expect(answer.status).toBe(202);
      expect((await poll(answer)).body).toMatchObject({
        status: 'Failed',
        statusDetails: 'Invalid Request',
        error: { code: 'BadRequest', message },
      });
    }
  });
});

describe('a start request', () => {
  test.each([
    ['POST', '/backup', {}],
    ['POST', '/backup', { storageResourceUri: 'http://127.0.0.1:1/a/c' }],
    ['PUT', '/restore', { folderToRestore: 'f' }],
    ['PUT', '/restore', { sasTokenParameters: withIdentity('http://127.0.0.1:1/a/c') }],
    ['PUT', '/keys/k/restore', { sasTokenParameters: withIdentity('http://127.0.0.1:1/a/c'), folderToRestore: 'f' }],
  ])('%s %s %j lacks a field: 400', async (method, path, body) => {
    const answer = await send(path, { method, body });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'BadRequest']);
  });
});

describe('a pre-backup', () => {
  test('succeeds under /backup without making anything', async () => {
    const { uri, client } = await newContainer();
    const started = await send('/prebackup', { method: 'POST', body: withIdentity(uri) });
    expect(started.headers['azure-asyncoperation']).toContain('/backup/');
    expect((await poll(started)).body).toMatchObject({ status: 'Succeeded', azureStorageBlobContainerUri: null });
    for await (const blob of client.listBlobsFlat()) expect.unreachable(blob.name);
  });

  test('fails for a missing container, and for a token that may not write', async () => {
    const { uri, client } = await newContainer();
    const failed = async (body: unknown) => (await poll(await send('/prebackup', { method: 'POST', body }))).body;
    expect(await failed(withIdentity(`${azurite.blobEndpoint}/missing`))).toMatchObject({
      status: 'Failed',
      statusDetails: 'ContainerNotFound',
    });
    expect(await failed({ storageResourceUri: uri, token: sas(client, 'rl') })).toMatchObject({ status: 'Failed' });
    expect(await failed({ storageResourceUri: uri, token: sas(client, 'rcw') })).toMatchObject({ status: 'Succeeded' });
  });
});

describe('a full restore', () => {
  test('puts keys, custom roles and assignments into the state of the backup, also into a twin', async () => {
    const { uri } = await newContainer();
    const assignments = '/providers/Microsoft.Authorization/roleAssignments';
    const definitions = '/providers/Microsoft.Authorization/roleDefinitions';
    const [role, assignment] = [randomUUID(), randomUUID()];
    await createKey('kept');
    await send(`${definitions}/${role}`, {
      method: 'PUT',
      body: { properties: { roleName: 'Kept', permissions: [{ dataActions: ['x'] }] } },
    });
    const properties = { roleDefinitionId: role, principalId: randomUUID() };
    await send(`${assignments}/${assignment}`, { method: 'PUT', body: { properties } });
    const before = (await send('/keys/kept')).body;
    const { folder } = await takeBackup(uri);

    await createKey('later');
    await send('/keys/kept', { method: 'DELETE' });
    await send(`${assignments}/${assignment}`, { method: 'DELETE' });
    await createKey('of-the-twin', 'twin');

    for (const hsm of ['source', 'twin']) {
      expect(await restored('/restore', restoreBody(uri, folder), hsm)).toMatchObject({ status: 'Succeeded', statusDetails: null });
      const origin = emulator.ready.hsms[hsm] ?? '';
      expect((await send('/keys/kept', {}, hsm)).body.key).toMatchObject({ x: before.key.x, kid: expect.stringContaining(origin) });
      expect((await send('/keys/later', {}, hsm)).status).toBe(404);
      expect((await send('/keys/of-the-twin', {}, hsm)).status).toBe(404);
      expect((await send('/deletedkeys/kept', {}, hsm)).status).toBe(404);
      expect((await send(`${assignments}/${assignment}`, {}, hsm)).status).toBe(200);
      expect((await send(`${definitions}/${role}`, {}, hsm)).body.properties.roleName).toBe('Kept');
    }
  });

  test('is polled under /restore and has no container URI', async () => {
    const { uri } = await newContainer();
    const { folder } = await takeBackup(uri);
    const started = await send('/restore', { method: 'PUT', body: restoreBody(uri, folder) });
    expect(started.text).toMatch(
      /^\{"endTime":null,"error":null,"jobId":"[0-9a-f]{32}","startTime":\d+,"status":"InProgress","statusDetails":null\}$/,
    );
    const { body } = await poll(started);
    expect(Object.keys(body)).toEqual(['endTime', 'error', 'jobId', 'startTime', 'status', 'statusDetails']);
    expect((await send(`/backup/${body.jobId}/pending`)).status).toBe(404);
    expect((await send(`/restore/${body.jobId}/pending`, {}, 'twin')).status).toBe(404);
  });

  test('takes the split of Python, and a whole URL as the folder', async () => {
    const { uri, client } = await newContainer();
    const { folder } = await takeBackup(uri);
    const split = restoreBody(azurite.blobEndpoint, `${client.containerName}/${folder}`);
    expect((await restored('/prerestore', split)).status).toBe('Succeeded');
    expect((await restored('/restore', split)).status).toBe('Succeeded');
    expect((await restored('/prerestore', restoreBody(uri, `${uri}/${folder}`))).status).toBe('Succeeded');
  });

  test('works with a SAS token that may read and list', async () => {
    const { uri, client } = await newContainer();
    const { folder } = await takeBackup(uri);
    const sasTokenParameters = { storageResourceUri: uri, token: sas(client, 'rl'), useManagedIdentity: false };
    expect((await restored('/restore', { sasTokenParameters, folderToRestore: folder })).status).toBe('Succeeded');
    const blind = { ...sasTokenParameters, token: sas(client, 'r') };
    expect((await restored('/prerestore', { sasTokenParameters: blind, folderToRestore: folder })).status).toBe('Failed');
  });
});

describe('a pre-restore', () => {
  test('refuses a folder that is not there, or that has no end marker', async () => {
    const { uri, client } = await newContainer();
    const { folder } = await takeBackup(uri);
    const missing = await restored('/prerestore', restoreBody(uri, 'mhsm-source-2025010203040517'));
    expect(missing).toMatchObject({ status: 'Failed', statusDetails: 'BlobNotFound' });

    await client.getBlobClient(`${folder}/end.json`).delete();
    expect((await restored('/prerestore', restoreBody(uri, folder))).status).toBe('Failed');
  });

  test('refuses a header that was changed', async () => {
    const { uri, client } = await newContainer();
    const { folder } = await takeBackup(uri);
    const header = client.getBlockBlobClient(`${folder}/header.json`);
    const changed = (await header.downloadToBuffer()).toString('utf8').replace('"hsm": "source"', '"hsm": "sourcf"');
    await header.upload(changed, changed.length);
    expect(await restored('/prerestore', restoreBody(uri, folder))).toMatchObject({
      status: 'Failed',
      statusDetails: 'Invalid backup provided',
    });
  });

  test('refuses a backup of another security domain, and so does the restore', async () => {
    const { uri } = await newContainer();
    const { folder } = await takeBackup(uri);
    for (const path of ['/prerestore', '/restore'] as const) {
      expect(await restored(path, restoreBody(uri, folder), 'stranger')).toMatchObject({
        status: 'Failed',
        error: { code: 'SecurityDomainMismatch' },
      });
    }
    expect((await restored('/prerestore', restoreBody(uri, folder), 'twin')).status).toBe('Succeeded');
  });

  test('does not see a flipped byte in the data; the restore does, and changes nothing', async () => {
    const { uri, client } = await newContainer();
    await createKey('untouched');
    const { folder } = await takeBackup(uri);
    const blob = client.getBlockBlobClient(`${folder}/data-00001.bin`);
    const content = await blob.downloadToBuffer();
    content[20] = (content[20] ?? 0) ^ 1;
    await blob.upload(content, content.length);

    expect((await restored('/prerestore', restoreBody(uri, folder))).status).toBe('Succeeded');
    expect(await restored('/restore', restoreBody(uri, folder))).toMatchObject({
      status: 'Failed',
      statusDetails: 'Invalid backup provided',
    });
    expect((await send('/keys/untouched')).status).toBe(200);
  });
});

describe('a selective restore', () => {
  const restoreKey = async (key: string, uri: string, folder: string) =>
    (await poll(await send(`/keys/${key}/restore`, { method: 'PUT', body: { sasTokenParameters: withIdentity(uri), folder } }))).body;

  test('brings a purged key back with its versions, and says how many', async () => {
    const { uri } = await newContainer();
    await createKey('two-versions');
    const newest = (await createKey('two-versions')).body;
    const { folder } = await takeBackup(uri);
    await send('/keys/two-versions', { method: 'DELETE' });
    await send('/deletedkeys/two-versions', { method: 'DELETE' });

    expect(await restoreKey('two-versions', uri, folder)).toMatchObject({
      status: 'Succeeded',
      statusDetails: 'Number of successful key versions restored: 2, Number of key versions could not overwrite: 0',
    });
    expect((await send('/keys/two-versions')).body.key.kid).toBe(newest.key.kid);
  });

  test('of a key that is there succeeds and restores nothing', async () => {
    const { uri } = await newContainer();
    await createKey('there');
    const { folder } = await takeBackup(uri);
    const { status, statusDetails } = await restoreKey('there', uri, folder);
    expect(status).toBe('Succeeded');
    expect(statusDetails).toMatch(/^Number of successful key versions restored: 0, Number of key versions could not overwrite: [1-9]\d*$/);
  });

  test('of a key that the backup lacks fails', async () => {
    const { uri } = await newContainer();
    const { folder } = await takeBackup(uri);
    const message = 'The given key or its versions NOT found';
    expect(await restoreKey('never-made', uri, folder)).toMatchObject({
      status: 'Failed',
      statusDetails: message,
      error: { code: 'No key versions are updated', innererror: null, message },
    });
  });
});
