import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderDigits } from '../../src/domain/folder.ts';
import type { BackupRecord } from '../../src/domain/record.ts';
import { type AppStack, startAppStack, until } from '../support/app-stack.ts';

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack();
  const key = `${stack.emulator.ready.hsms['contoso-hsm']}/keys/payments/create?api-version=7.6`;
  await stack.emulator.send(key, { method: 'POST', body: { kty: 'EC', crv: 'P-256' } });
});
afterAll(() => stack?.stop());

describe('a backup run', () => {
  test('takes a backup, reads every byte back and records what it holds', async () => {
    const run = await stack.runEnd(await stack.backupNow('contoso-hsm'));
    expect(run, JSON.stringify(run)).toMatchObject({ kind: 'backup', subject: 'contoso-hsm', status: 'Completed' });
    expect(run.steps.map(({ name }) => name)).toEqual([
      'Lock',
      'Pre-backup check',
      'Intent',
      'Inventory before',
      'Start',
      'Backup',
      'Inventory after',
      'Manifest',
      'Record',
      'Retention',
    ]);

    const folder = String(run.result?.['folder']);
    const container = stack.container('contoso-hsm');
    const record = await stack.document<BackupRecord>(container, `hsmkeep/contoso-hsm/${folder}.json`);
    expect(record).toMatchObject({
      status: 'complete',
      adopted: false,
      run: run.id,
      inventory: { keys: 1, settings: 'unreadable', uncertain: [] },
      proofs: [{ level: 'L1' }],
    });

    const lines = (await container.getBlobClient(`hsmkeep/contoso-hsm/${folder}.manifest.jsonl`).downloadToBuffer())
      .toString()
      .trim()
      .split('\n');
    expect(lines).toHaveLength(record?.manifest?.blobs ?? 0);
    for (const line of lines) {
      const { name, sha256, sizeBytes } = JSON.parse(line);
      const bytes = await container.getBlobClient(`${folder}/${name}`).downloadToBuffer();
      expect([bytes.byteLength, createHash('sha256').update(bytes).digest('hex')]).toEqual([sizeBytes, sha256]);
    }
  });

  test('leaves nothing staged and no lock behind', async () => {
    await stack.runEnd(await stack.backupNow('contoso-hsm'));
    const left: string[] = [];
    for (const [container, prefix] of [
      [stack.documents, 'locks/'],
      [stack.documents, 'intents/'],
      [stack.container('contoso-hsm'), 'hsmkeep/contoso-hsm/staging/'],
    ] as const) {
      for await (const { name } of container.listBlobsFlat({ prefix })) left.push(name);
    }
    expect(left).toEqual([]);
  });

  test('asked for twice at once is one run', async () => {
    const [first, second] = await Promise.all([stack.backupNow('contoso-hsm'), stack.backupNow('contoso-hsm')]);
    const third = await stack.backupNow('contoso-hsm');
    expect(new Set([first, second, third]).size).toBeLessThanOrEqual(2);
    for (const id of new Set([first, second, third])) expect((await stack.runEnd(id)).status).toBe('Completed');
  });

  test('is followed by a pre-restore check that raises the proof to L2, once', async () => {
    const { result } = await stack.runEnd(await stack.backupNow('contoso-hsm'));
    const start = () => stack.api('/hsms/contoso-hsm/pre-restore', { method: 'POST', body: { folder: result?.['folder'] } });
    const run = await stack.runEnd((await start()).body.runId);
    expect(run, JSON.stringify(run)).toMatchObject({ kind: 'pre-restore', status: 'Completed', result: { proof: 'L2' } });

    const shown = await stack.api(`/hsms/contoso-hsm/backups/${result?.['folder']}`);
    expect(shown.body.backup.proof).toBe('L2');
    expect(shown.body.record.proofs.map(({ level }: { level: string }) => level)).toEqual(['L1', 'L2']);
  });
});

test('a second backup of the night that never settles degrades the run and costs it nothing', { timeout: 120_000 }, async () => {
  const container = stack.container('contoso-hsm');
  const { control } = stack.emulator;
  await control.fault({
    match: { host: 'contoso-hsm', method: 'GET', path: '/backup/*/pending' },
    skip: 1,
    times: 1,
    action: 'delay',
    ms: 1_500,
  });
  const id = await stack.backupNow('contoso-hsm');
  await until('the backup to run', async () => (await stack.api(`/runs/${id}`)).body.steps?.at(-1)?.name === 'Backup');
  // Somebody else's folder, of this night and still being written.
  const { now } = await control.moveClock({ advanceMs: 0 });
  const other = `mhsm-contoso-hsm-${folderDigits(new Date(Date.parse(now) + 60_000).toISOString())}`;
  const stopHurrying = stack.hurry(60_000);
  let ended = false;
  const meddling = (async () => {
    for (let n = 0; !ended; n += 1) await container.getBlockBlobClient(`${other}/part`).upload(String(n), String(n).length);
  })();
  const run = await stack.runEnd(id).finally(() => (ended = true));
  await meddling;
  await stopHurrying();

  const own = String(run.result?.['folder'] ?? '');
  expect(run.status, JSON.stringify(run.steps)).toBe('Degraded');
  const records = await Promise.all(
    [own, other].map((folder) => stack.document<BackupRecord>(container, `hsmkeep/contoso-hsm/${folder}.json`)),
  );
  expect(records.map((record) => record?.status).sort()).toEqual(['complete', 'failed']);
});
