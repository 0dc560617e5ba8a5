import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HsmLock } from '../../src/domain/lock.ts';
import { runPath } from '../../src/domain/run-id.ts';
import { hsmkeep } from '../cli/support.ts';
import { type RunningAzurite, startAzurite } from '../support/azurite.ts';
import { writeReadyFile } from '../support/caller.ts';
import { startTestEmulator, type TestEmulator } from '../support/emulator.ts';

const HSM = 'contoso-hsm';
const ENDED = 'backup-contoso-hsm-20261122T0200Z';
const RUNNING = 'backup-contoso-hsm-20261123T0200Z';

let azurite: RunningAzurite;
let emulator: TestEmulator;
let folder: string;
let readyFile: string;
let documents: ContainerClient;
beforeAll(async () => {
  azurite = await startAzurite();
  emulator = await startTestEmulator({ storage: [azurite.connectionString], timeScale: 1 });
  folder = mkdtempSync(join(tmpdir(), 'hsmkeep-unlock-'));
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  documents = service.getContainerClient('hsmkeep');
  await Promise.all([documents.create(), service.getContainerClient('hsm').create()]);
  const container = `${azurite.blobEndpoint}/hsm`;
  const config = { hsms: [{ name: HSM, url: emulator.ready.hsms[HSM], backupTo: { container } }] };
  readyFile = writeReadyFile(emulator, { folder, config, storageConnectionString: azurite.connectionString });
  await put(runPath(ENDED) ?? '', { schema: 'hsmkeep.run/1', id: ENDED, endedAt: '2026-11-22T02:05:00.000Z' });
  await put(runPath(RUNNING) ?? '', { schema: 'hsmkeep.run/1', id: RUNNING, endedAt: null });
});
afterAll(async () => {
  await emulator?.stop();
  await azurite?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const put = (path: string, document: object) => {
  const text = JSON.stringify(document);
  return documents.getBlockBlobClient(path).upload(text, text.length);
};
const lockedBy = (owner: string, job: HsmLock['job'] = null, hsm = HSM) =>
  put(`locks/${hsm}.json`, { schema: 'hsmkeep.lock/1', hsm, owner, since: '2026-11-22T02:00:00.000Z', step: 'Backup', job });
const isLocked = (hsm = HSM) => documents.getBlobClient(`locks/${hsm}.json`).exists();
const unlock = (name = HSM, ...args: readonly string[]) => hsmkeep(['unlock', name, ...args, '--ready-file', readyFile]);

describe('hsmkeep unlock', () => {
  test('removes the lock of a run that has ended, after a yes', async () => {
    await lockedBy(ENDED);
    expect(await unlock()).toMatchObject({ code: 2, stderr: expect.stringContaining('nobody is here to say yes') });
    expect(await isLocked()).toBe(true);
    expect(await unlock(HSM, '--yes')).toMatchObject({ code: 0, stdout: expect.stringContaining(`the lock of ${ENDED}`) });
    expect(await isLocked()).toBe(false);
    expect((await unlock(HSM, '--yes')).stdout).toBe(`${HSM} is not locked.\n`);
  });

  test.each([[RUNNING], ['backup-contoso-hsm-20261124T0200Z']])('leaves the lock of %s, which nobody says has ended', async (owner) => {
    await lockedBy(owner);
    expect(await unlock(HSM, '--yes')).toMatchObject({ code: 1, stderr: expect.stringContaining(`hsmkeep run show ${owner}`) });
    expect(await isLocked()).toBe(true);
  });

  test('leaves a lock whose job still runs on the HSM', async () => {
    const url = `${emulator.ready.hsms[HSM]}/backup`;
    const body = { storageResourceUri: `${azurite.blobEndpoint}/hsm`, useManagedIdentity: true };
    const { body: started } = await emulator.send(`${url}?api-version=7.6`, { method: 'POST', body });
    const resume = JSON.stringify({ state: { status: 'running', config: { operationLocation: `${url}/${started.jobId}/pending` } } });
    await lockedBy(ENDED, { kind: 'backup', jobId: started.jobId, resume });
    expect(await unlock(HSM, '--yes')).toMatchObject({ code: 1, stderr: expect.stringContaining(`its job ${started.jobId} still runs`) });
    expect(await isLocked()).toBe(true);
  });

  test('knows secrets, too, and refuses what is neither', async () => {
    await lockedBy(ENDED, null, 'contoso-kv.db-password');
    expect((await unlock('contoso-kv/db-password', '--yes')).code).toBe(0);
    expect(await isLocked('contoso-kv.db-password')).toBe(false);
    expect((await unlock('fabrikam', '--yes')).code).toBe(2);
  });
});
