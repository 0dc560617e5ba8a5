import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EmulatorOptions } from '../../src/emulator/start.ts';
import { type RunningAzurite, startAzurite } from '../support/azurite.ts';
import { type Answer, startTestEmulator, type TestEmulator } from '../support/emulator.ts';

// Durations are real ones here, and the clock is moved over them.
const SECOND = 1000;

let azurite: RunningAzurite;
let dataDir: string;
let emulator: TestEmulator;
let container: string;
let blobs: ContainerClient;

beforeAll(async () => {
  azurite = await startAzurite();
  blobs = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('hsm');
  await blobs.create();
  container = blobs.url;
});
afterAll(() => azurite?.stop());

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'hsmkeep-jobs-'));
  await start();
});
afterEach(async () => {
  await emulator?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(options: Partial<EmulatorOptions> = {}): Promise<void> {
  emulator = await startTestEmulator({
    dataDir,
    hsms: [{ name: 'h1' }, { name: 'h2' }, { name: 'h3' }],
    vaults: [],
    storage: [azurite.connectionString],
    timeScale: 1,
    ...options,
  });
}

const url = (path: string, hsm = 'h1') => `${emulator.ready.hsms[hsm]}${path}?api-version=7.6`;
const storage = () => ({ storageResourceUri: container, useManagedIdentity: true });
const startBackup = (hsm = 'h1') => emulator.send(url('/backup', hsm), { method: 'POST', body: storage() });
const startRestore = (folder: string, path = '/restore') =>
  emulator.send(url(path), { method: 'PUT', body: { sasTokenParameters: storage(), folderToRestore: folder } });
const poll = (started: Answer) => emulator.send(String(started.headers['azure-asyncoperation']));
const pass = (ms: number) => emulator.control.moveClock({ advanceMs: ms });

async function takeBackup(): Promise<string> {
  const started = await startBackup();
  await pass(8 * SECOND);
  return (await poll(started)).body.azureStorageBlobContainerUri.split('/').at(-1);
}

describe('a job', () => {
  test('is in progress until its time has passed', async () => {
    const started = await startBackup();
    const running = await poll(started);
    expect(running.body).toEqual({ ...started.body, status: 'InProgress', endTime: null, azureStorageBlobContainerUri: null });

    await pass(5 * SECOND);
    expect((await poll(started)).body.status).toBe('InProgress');
    await pass(3 * SECOND);
    const { body } = await poll(started);
    expect(body.status).toBe('Succeeded');
    expect(body.endTime - body.startTime).toBeGreaterThanOrEqual(8);
  });

  test('ends when it was due, also when the clock jumps far beyond', async () => {
    const started = await startBackup();
    await pass(3_600 * SECOND);
    const { body } = await poll(started);
    expect(body.endTime - body.startTime).toBe(8);
    expect((await emulator.send(url('/settings'))).status).toBe(200);
  });

  test('writes the end marker of a backup only when it ends', async () => {
    const started = await startBackup('h3');
    const written = async () => {
      const names: string[] = [];
      for await (const { name } of blobs.listBlobsFlat({ prefix: 'mhsm-h3-' })) names.push(name.split('/').at(-1) ?? '');
      return names;
    };
    while (!(await written()).includes('data-00003.bin')) await poll(started);
    expect(await written()).not.toContain('end.json');
    await pass(8 * SECOND);
    await poll(started);
    expect(await written()).toContain('end.json');
  });

  test('asks for ten seconds at the start and says nothing at the polls; with a smaller time scale one second there', async () => {
    const started = await startBackup();
    expect(started.headers['retry-after']).toBe('10');
    expect((await poll(started)).headers).not.toHaveProperty('retry-after');

    await emulator.stop();
    await start({ timeScale: 0.5 });
    const quick = await startBackup('h2');
    expect(quick.headers['retry-after']).toBe('5');
    expect((await poll(quick)).headers['retry-after']).toBe('1');
  });

  test('keeps its status and result after a restart', async () => {
    const started = await startBackup();
    await pass(8 * SECOND);
    const { body } = await poll(started);
    await emulator.stop();
    await start();
    expect((await emulator.send(url(`/backup/${body.jobId}/pending`))).body).toEqual(body);
  });

  test('that runs when the emulator stops goes on and ends when it would have ended', async () => {
    const started = await startBackup();
    await emulator.stop();
    await start();
    const { pathname } = new URL(String(started.headers['azure-asyncoperation']));
    expect((await emulator.send(url(pathname))).body.status).toBe('InProgress');
    expect((await startBackup()).status).toBe(409);
    await pass(8 * SECOND);
    expect((await emulator.send(url(pathname))).body).toMatchObject({ status: 'Succeeded', startTime: started.body.startTime });
  });
});

describe('one at a time', () => {
  test('a start during a job is 409 with the code "409", a stack trace and no charset', async () => {
    await startBackup();
    const { status, body, headers, text } = await startBackup();
    expect(status).toBe(409);
    expect(body).toEqual({
      error: {
        code: '409',
        message: 'Another backup operation is in progress. Please try again after sometime.',
        innererror: { code: 'Exception Details', message: expect.any(String), innererror: null },
      },
    });
    expect(text).toMatch(/^\{"error":\{"code":"409","message"/);
    expect(headers['content-type']).toBe('application/json');
  });

  test('holds for pre-checks and restores as well, in both directions, and not for another HSM', async () => {
    await startBackup();
    const preBackup = () => emulator.send(url('/prebackup'), { method: 'POST', body: {} });
    const starts = [await preBackup(), await startRestore('f'), await startRestore('f', '/prerestore')];
    expect(starts.map(({ status, body }) => [status, body.error.code])).toEqual([
      [409, '409'],
      [409, '409'],
      [409, '409'],
    ]);
    expect((await startBackup('h2')).status).toBe(202);

    await pass(8 * SECOND);
    expect((await preBackup()).status).toBe(202);
    expect((await startBackup()).status).toBe(409);
    await pass(500);
    expect((await startBackup()).status).toBe(202);
  });
});

describe('a restore', () => {
  test('makes the HSM refuse all but its status, until some seconds after it is done', async () => {
    const folder = await takeBackup();
    await emulator.stop();
    // Ten times as long, so that the time this test takes does not count.
    await start({ timeScale: 10 });
    const started = await startRestore(folder);
    const refused = async () => {
      const answers = [
        await emulator.send(url('/settings')),
        await emulator.send(url('/keys')),
        await startBackup(),
        await emulator.send(url('/backup/00000000000000000000000000000000/pending')),
      ];
      for (const { status, body } of answers) {
        expect([status, body.error.code]).toEqual([409, 'Conflict']);
        expect(body.error.message).toMatch(
          /^User triggered Restore operation is in progress\. Retry after the restore operation \(Activity ID: /,
        );
      }
    };

    await refused();
    expect((await emulator.send(url('/settings', 'h2'))).status).toBe(200);
    expect((await poll(started)).body.status).toBe('InProgress');

    await pass(110 * SECOND);
    expect((await poll(started)).body.status).toBe('Succeeded');
    await refused();

    await pass(30 * SECOND);
    expect((await emulator.send(url('/settings'))).status).toBe(200);
  });

  test('is left running by a 401, which comes first', async () => {
    await startRestore(await takeBackup());
    expect((await emulator.send(url('/settings'), { token: null })).status).toBe(401);
  });

  test('takes a caller away whose role the backup does not know', async () => {
    const folder = await takeBackup();
    const { clientId } = await emulator.control.principal({ name: 'restorer', roles: [{ hsm: 'h1', role: 'Administrator' }] });
    const token = await emulator.token('https://managedhsm.azure.net', clientId);
    const body = { sasTokenParameters: storage(), folderToRestore: folder };
    const started = await emulator.send(url('/restore'), { method: 'PUT', body, token });
    const status = () => emulator.send(String(started.headers['azure-asyncoperation']), { token });

    expect((await status()).status).toBe(200);
    await pass(11 * SECOND);
    // Waits until the restore has been carried out.
    await poll(started);
    expect((await status()).status).toBe(403);
  });
});

describe('--min-backup-age', () => {
  test('fails pre-restore and restore of a younger backup', async () => {
    await emulator.stop();
    await start({ minBackupAgeSeconds: 1800 });
    const folder = await takeBackup();

    const young = await startRestore(folder, '/prerestore');
    await pass(500);
    expect((await poll(young)).body).toMatchObject({ status: 'Failed', error: { code: 'BackupTooRecent' } });

    await pass(1800 * SECOND);
    const old = await startRestore(folder, '/prerestore');
    await pass(500);
    expect((await poll(old)).body.status).toBe('Succeeded');
  });
});
