import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QUESTIONS } from '../../src/domain/verify/answers.ts';
import { hsmkeep } from '../cli/support.ts';
import { type RunningAzurite, startAzurite } from '../support/azurite.ts';
import { writeReadyFile } from '../support/caller.ts';
import { startTestEmulator, type TestEmulator } from '../support/emulator.ts';

const HSM = 'contoso-hsm';

let azurite: RunningAzurite;
let emulator: TestEmulator;
let folder: string;
let readyFile: string;
let container: string;
beforeAll(async () => {
  azurite = await startAzurite();
  emulator = await startTestEmulator({ storage: [azurite.connectionString], timeScale: 0.05 });
  folder = mkdtempSync(join(tmpdir(), 'hsmkeep-verify-'));
  container = `${azurite.blobEndpoint}/secretive`;
  await BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('secretive').create();
  const config = { hsms: [{ name: HSM, url: emulator.ready.hsms[HSM], backupTo: { container } }] };
  readyFile = writeReadyFile(emulator, { folder, config, storageConnectionString: azurite.connectionString });
});
afterAll(async () => {
  await emulator?.stop();
  await azurite?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const verify = (...args: readonly string[]) => hsmkeep(['verify-azure', '--hsm', HSM, ...args, '--ready-file', readyFile], { cwd: folder });
const starts = async () =>
  (await emulator.control.requests())
    .filter(({ method, status }) => status === 202 && (method === 'POST' || method === 'PUT'))
    .map(({ path }) => path);

describe('hsmkeep verify-azure', { timeout: 60_000 }, () => {
  test('does nothing before somebody says yes', async () => {
    expect(await verify()).toMatchObject({ code: 2, stderr: expect.stringContaining(`Take a backup of ${HSM} into`) });
    expect(await starts()).toEqual([]);
  });

  test('takes one backup, restores nothing, and answers what it was not asked to leave out', async () => {
    const { code, stdout, stderr } = await verify('--yes', '--json');
    expect(code, stderr).toBe(0);
    expect((await starts()).filter((path) => path !== '/prebackup')).toEqual(['/backup']);
    const answers = Object.fromEntries(JSON.parse(stdout).answers.map(({ id, answer }: { id: string; answer: string }) => [id, answer]));
    expect(Object.keys(answers)).toEqual(Object.keys(QUESTIONS));
    expect(answers).toMatchObject({
      'pre-backup': expect.stringMatching(/^succeeded, after \d+ ms/),
      'backup.folder': expect.stringMatching(/^16 digits/),
      'backup.pre-check-meanwhile': expect.stringMatching(/^busy /),
      'backup.lock-tail': expect.stringMatching(/^\d+ ms, then started$/),
      'folder.blobs': expect.stringMatching(/^\d+ blobs, \d+ bytes: \d+ x /),
      'folder.stable': 'yes',
      'job.after-end': '200',
      'job.unknown': expect.stringMatching(/^404 NotFound/),
      settings: '200 AllowKeyManagementOperationsThroughARM=false',
      'backup.overlap': null,
      'pre-restore': null,
    });
  });

  test('shows the HSM its backup, and asks for a second one, only when told to; the sheet names nobody', async () => {
    const { code, stdout, stderr } = await verify('--yes', '--pre-restore', '--overlap', '--out', 'answers.json');
    expect(code, stderr).toBe(0);
    const sheet = readFileSync(join(folder, 'answers.json'), 'utf8');
    const { answers, cloud, on } = JSON.parse(sheet);
    expect(answers.filter(({ answer }: { answer: string | null }) => answer === null)).toEqual([]);
    expect([cloud, on]).toEqual([null, '2026-11-22']);
    expect(stdout).toMatch(/backup\.overlap\n {2}What does a second backup get while one runs\?\n {2}-> busy /);

    const { port } = new URL(emulator.ready.hsms[HSM] ?? '');
    const names = [HSM, 'secretive', azurite.accountName, port, '127.0.0.1', emulator.ready.tenantId, 'mhsm-'];
    expect(names.filter((name) => sheet.includes(name) || stdout.includes(name))).toEqual([]);
    expect(`${sheet}${stdout}`).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{32}/);
  });

  test('says what failed when the HSM cannot write there', async () => {
    const { code, stderr } = await verify('--yes', '--container', `${azurite.blobEndpoint}/nowhere`);
    expect([code, stderr]).toEqual([1, expect.stringContaining('the pre-backup check failed')]);
  });
});
