import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackupRecord, manifestPath, recordPath } from '../../src/domain/record.ts';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { blobNames, daysBefore, layOldBackup, OLD_BLOBS } from '../support/old-backups.ts';

const HSM = 'contoso-hsm';

let stack: AppStack;
let now: string;
beforeAll(async () => {
  stack = await startAppStack({ hsm: { retention: { last: 2 }, protect: { floor: 1 }, prune: 'mark' } });
  now = (await stack.emulator.control.moveClock({ advanceMs: 0 })).now;
});
afterAll(() => stack?.stop());

/** A whole backup that hsmkeep knows nothing of. */
async function layForeign(days: number): Promise<string> {
  const container = stack.container(HSM);
  const folder = await layOldBackup(container, HSM, daysBefore(now, days));
  await Promise.all([recordPath(HSM, folder), manifestPath(HSM, folder)].map((path) => container.deleteBlob(path)));
  return folder;
}

const adopt = (folder: string, as = 'root') => stack.api(`/hsms/${HSM}/backups/${folder}/adopt`, { method: 'POST', as });
const adopted = async (folder: string): Promise<Run> => stack.runEnd((await adopt(folder)).body.runId);
const recordOf = (folder: string) => stack.document<BackupRecord>(stack.container(HSM), recordPath(HSM, folder));

describe('adopting', () => {
  test('makes a foreign folder ours: hashed, recorded, and in the hands of the policy', async () => {
    const folder = await layForeign(9);
    const before = await stack.api(`/hsms/${HSM}/backups/${folder}`);
    expect(before.body).toMatchObject({ backup: { proof: 'L0', status: 'unrecorded' }, record: null });

    const run = await adopted(folder);
    expect(run, JSON.stringify(run.steps)).toMatchObject({
      kind: 'adopt',
      subject: HSM,
      status: 'Completed',
      result: { folder, proof: 'L1', blobs: OLD_BLOBS.length, adopted: true },
    });
    expect(run.steps.map(({ name }) => name)).toEqual(['Lock', 'Look', 'Manifest', 'Record']);
    expect(await recordOf(folder)).toMatchObject({
      status: 'complete',
      run: run.id,
      adopted: true,
      jobId: null,
      proofs: [{ level: 'L1' }],
    });
    expect((await stack.api('/runs?kind=adopt')).body.value[0].id).toBe(run.id);
    expect(await blobNames(stack.container(HSM), `hsmkeep/${HSM}/staging/`)).toEqual([]);

    const { body } = await stack.api(`/hsms/${HSM}/retention/preview`, { method: 'POST' });
    expect(body.decisions.find(({ id }: { id: string }) => id === folder).reasons).toContain('newest proven');
  });

  test('changes nothing of what is ours already', async () => {
    const folder = await layOldBackup(stack.container(HSM), HSM, daysBefore(now, 8));
    const record = await recordOf(folder);
    const answer = await adopt(folder);
    expect([answer.status, answer.body.record]).toEqual([200, record]);
    expect(await recordOf(folder)).toEqual(record);
  });

  test('asks the HSM first whether a young folder is still being written', async () => {
    const folder = await layForeign(0.1);
    const run = await adopted(folder);
    expect(run.steps.map(({ name }) => name)).toEqual(['Lock', 'Look', 'Pre-backup check', 'Manifest', 'Record']);
    expect(run.status).toBe('Completed');
  });

  test('leaves a young folder alone when the HSM does not tell', async () => {
    const folder = await layForeign(0.2);
    await stack.emulator.control.fault({
      match: { host: HSM, method: 'POST', path: '/prebackup' },
      times: 1,
      action: 'answer',
      status: 403,
      body: { error: { code: 'Forbidden', message: 'no' } },
    });
    const run = await adopted(folder);
    expect(run).toMatchObject({ status: 'Failed' });
    expect(run.steps.at(-1)?.message).toContain('Whether a backup still writes');
    expect(await recordOf(folder)).toBeUndefined();
  });

  test('refuses what is no backup to count on, and who may not', async () => {
    const container = stack.container(HSM);
    const free = await layForeign(7);
    const failed = await layOldBackup(container, HSM, daysBefore(now, 6), { status: 'failed', proofs: [] });
    const gone = await layOldBackup(container, HSM, daysBefore(now, 5), { gone: { at: now, run: 'r' } });
    const future = await layForeign(-1);
    const refusals = [
      [await adopt(free, 'alice'), 403],
      [await adopt(free, 'bob'), 403],
      [await adopt(`mhsm-${HSM}-notadate`), 400],
      [await adopt('mhsm-other-hsm-2026010102000000'), 400],
      [await adopt(`mhsm-${HSM}-2020010102000000`), 404],
      [await adopt(failed), 409],
      [await adopt(gone), 410],
      [await adopt(future), 409],
    ] as const;
    for (const [answer, status] of refusals) expect(answer.body, answer.text).toMatchObject({ status, hint: expect.stringMatching(/\w/) });
    for (const name of await blobNames(container, `${future}/`)) await container.deleteBlob(name);
  });

  test('killed on the way, it goes on when the host is back', async () => {
    const folder = await layForeign(4);
    await stack.killHost();
    await stack.startHost({ HSMKEEP_CRASH_AT: 'after-activity:writeRecord:1' });
    const { runId } = (await adopt(folder)).body;
    await stack.hostGone();
    await stack.startHost();
    expect(await stack.runEnd(runId)).toMatchObject({ status: 'Completed', result: { folder, proof: 'L1' } });
    expect(await recordOf(folder)).toMatchObject({ status: 'complete', run: runId, proofs: [{ level: 'L1', run: runId }] });
    expect(await stack.document(stack.documents, `locks/${HSM}.json`)).toBeUndefined();
  });
});
