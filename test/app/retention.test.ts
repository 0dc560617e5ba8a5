import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderDigits } from '../../src/domain/folder.ts';
import { type BackupRecord, recordPath } from '../../src/domain/record.ts';
import type { Run, Step } from '../../src/domain/run.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { blobNames, daysBefore, layOldBackup, OLD_BLOBS } from '../support/old-backups.ts';

const POLICY = { retention: { last: 2 }, protect: { floor: 2, undoDays: 2, maxDeleteShare: 0.9 } };
const DAY_MS = 86_400_000;

const nowOf = async ({ emulator }: AppStack): Promise<string> => (await emulator.control.moveClock({ advanceMs: 0 })).now;
const night = async (stack: AppStack, hsm: string): Promise<Run> => stack.runEnd(await stack.backupNow(hsm));
const retention = ({ steps }: Run): Step | undefined => steps.find(({ name }) => name === 'Retention');
const layNights = async (stack: AppStack, hsm: string, days: readonly number[]): Promise<string[]> => {
  const now = await nowOf(stack);
  return Promise.all(days.map((day) => layOldBackup(stack.container(hsm), hsm, daysBefore(now, day))));
};
const recordOf = (stack: AppStack, hsm: string, folder: string) =>
  stack.document<BackupRecord>(stack.container(hsm), recordPath(hsm, folder));

describe('retention that deletes', () => {
  let stack: AppStack;
  beforeAll(async () => {
    stack = await startAppStack({
      hsms: ['plain', 'stray', 'future', 'half', 'brake', 'found', 'emptied'],
      hsm: { ...POLICY, prune: 'delete' },
    });
  });
  afterAll(() => stack?.stop());

  test('marks what no rule keeps, and deletes it once the undo period is over', async () => {
    const [oldest = '', older = '', kept = ''] = await layNights(stack, 'plain', [9, 8, 7]);
    const first = await night(stack, 'plain');
    expect(first, JSON.stringify(first.steps)).toMatchObject({ status: 'Completed', result: { retention: { marked: 2, pruned: 0 } } });
    expect(await recordOf(stack, 'plain', oldest)).toMatchObject({ marks: [{ run: first.id, reason: 'no rule keeps it' }] });
    expect(await recordOf(stack, 'plain', kept)).toMatchObject({ marks: [] });
    expect(await stack.folders('plain')).toHaveLength(4);

    await stack.emulator.control.moveClock({ advanceMs: 2 * DAY_MS + 60_000 });
    const second = await night(stack, 'plain');
    expect(second, JSON.stringify(second.steps)).toMatchObject({ status: 'Completed', result: { retention: { marked: 1, pruned: 2 } } });
    expect(retention(second)?.message).toContain('marked 1, deleted 2');
    for (const folder of [oldest, older]) {
      expect(await blobNames(stack.container('plain'), folder)).toEqual([]);
      expect(await blobNames(stack.container('plain'), `hsmkeep/plain/${folder}`)).toEqual([]);
      expect((await stack.api(`/hsms/plain/backups/${folder}`)).status).toBe(404);
    }
    expect(await blobNames(stack.container('plain'), kept)).toHaveLength(OLD_BLOBS.length);
    expect(await stack.folders('plain')).toHaveLength(3);
  });

  test('finishes what an earlier night could not delete to the end, and never shows the rest as a backup', async () => {
    const now = await nowOf(stack);
    await layNights(stack, 'half', [8, 7]);
    const gone = await layOldBackup(stack.container('half'), 'half', daysBefore(now, 9), {
      gone: { at: now, run: 'backup-half-20260101T0200Z' },
    });
    await stack.container('half').deleteBlob(`${gone}/keys/part-0`);
    const listed = await stack.api('/hsms/half/backups');
    expect(listed.body.value.map(({ folder }: { folder: string }) => folder)).not.toContain(gone);
    expect((await stack.api(`/hsms/half/backups/${gone}`)).status).toBe(410);

    expect(await night(stack, 'half')).toMatchObject({ status: 'Completed', result: { retention: { pruned: 1 } } });
    expect(await blobNames(stack.container('half'), gone)).toEqual([]);
    expect(await recordOf(stack, 'half', gone)).toBeUndefined();
  });

  test.each([
    ['stray', 'malformed-name', 'not named as the backups', () => 'mhsm-stray-notadate'],
    ['future', 'future-backup', 'dated later than now', (now: string) => `mhsm-future-${folderDigits(daysBefore(now, -1))}`],
  ])('refuses for the sake of a %s folder, says why and deletes nothing', async (hsm, _guard, words, nameOf) => {
    const now = await nowOf(stack);
    const marks = [{ at: daysBefore(now, 5), run: 'backup-x-20260101T0200Z', reason: 'no rule keeps it' }];
    const container = stack.container(hsm);
    await Promise.all([9, 8, 7, 6].map((day) => layOldBackup(container, hsm, daysBefore(now, day), { marks })));
    await container.getBlockBlobClient(`${nameOf(now)}/blob`).upload('x', 1);
    const before = await blobNames(container, '');

    const run = await night(stack, hsm);
    expect(run.status).toBe('Degraded');
    expect(retention(run)).toMatchObject({ status: 'Degraded', message: expect.stringContaining(words), hint: expect.any(String) });
    expect(await blobNames(container, '')).toEqual(expect.arrayContaining(before));
  });

  test('deletes nothing for a backup that was only found: whether it is complete the HSM did not tell', async () => {
    const now = await nowOf(stack);
    const marks = [{ at: daysBefore(now, 5), run: 'backup-x-20260101T0200Z', reason: 'no rule keeps it' }];
    const container = stack.container('found');
    await Promise.all([9, 8, 7].map((day) => layOldBackup(container, 'found', daysBefore(now, day), { marks })));
    const before = await blobNames(container, '');
    await stack.emulator.control.fault({ match: { host: 'found', method: 'POST', path: '/backup' }, times: 1, action: 'dropAfter' });
    const stopHurrying = stack.hurry(60_000);
    const run = await night(stack, 'found').finally(stopHurrying);
    expect(run, JSON.stringify(run.steps)).toMatchObject({ status: 'Degraded', result: { adopted: true } });
    expect(run.result).not.toHaveProperty('retention');
    expect(retention(run)?.message).toContain('nothing is deleted tonight: the HSM did not tell');
    expect(await blobNames(container, '')).toEqual(expect.arrayContaining(before));

    expect(await night(stack, 'found')).toMatchObject({ status: 'Completed', result: { retention: { pruned: 3 } } });
  });

  test('deletes nothing while a backup that the others would go for has lost blobs', async () => {
    const now = await nowOf(stack);
    const marks = [{ at: daysBefore(now, 5), run: 'backup-x-20260101T0200Z', reason: 'no rule keeps it' }];
    const container = stack.container('emptied');
    const [, newest = ''] = await Promise.all(
      [9, 7].map((day) => layOldBackup(container, 'emptied', daysBefore(now, day), day === 9 ? { marks } : {})),
    );
    await container.deleteBlob(`${newest}/keys/part-0`);

    const { body } = await stack.api('/hsms/emptied/retention/preview', { method: 'POST' });
    expect(body).toMatchObject({ mark: [], prune: [], refused: { guard: 'records-disagree', ids: [newest] } });
    expect(body.refused.message).toBe(`Storage does not hold what the records say of 1 backup: ${newest}.`);
  });

  test('stops at the brake when a policy would forget more at once than is allowed', async () => {
    await layNights(
      stack,
      'brake',
      Array.from({ length: 14 }, (_, index) => index + 3),
    );
    const run = await night(stack, 'brake');
    expect(retention(run)).toMatchObject({ status: 'Degraded', message: expect.stringContaining('would delete 13 backups at once') });
    expect(await stack.folders('brake')).toHaveLength(15);
  });

  test('a failed night deletes nothing', async () => {
    const before = await blobNames(stack.container('plain'), '');
    await stack.emulator.control.moveClock({ advanceMs: 10 * DAY_MS });
    await stack.emulator.control.fault({
      match: { host: 'plain', method: 'POST', path: '/prebackup' },
      times: 1,
      action: 'answer',
      status: 403,
      body: { error: { code: 'Forbidden', message: 'no' } },
    });
    const run = await night(stack, 'plain');
    expect(run.status).toBe('Failed');
    expect(retention(run)).toBeUndefined();
    expect(await blobNames(stack.container('plain'), '')).toEqual(before);
  });
});

describe('retention that observes', () => {
  let stack: AppStack;
  beforeAll(async () => {
    stack = await startAppStack({ hsms: ['watched', 'young'], hsm: POLICY });
  });
  afterAll(() => stack?.stop());

  test('only tells what it would do', async () => {
    const now = await nowOf(stack);
    const folders = await layNights(stack, 'watched', [9, 8, 7]);
    const marks = [{ at: daysBefore(now, 5), run: 'backup-x-20260101T0200Z', reason: 'no rule keeps it' }];
    folders.push(await layOldBackup(stack.container('watched'), 'watched', daysBefore(now, 10), { marks }));
    const records = await Promise.all(folders.map((folder) => recordOf(stack, 'watched', folder)));

    const run = await night(stack, 'watched');
    expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
    expect(retention(run)?.message).toBe('observing: would mark 2, delete 1; 5 backups in all');
    expect(await Promise.all(folders.map((folder) => recordOf(stack, 'watched', folder)))).toEqual(records);
    expect(await stack.folders('watched')).toHaveLength(5);
  });

  test('does not worry anybody because there are few backups yet', async () => {
    const run = await night(stack, 'young');
    expect(run.status).toBe('Completed');
    expect(retention(run)?.message).toContain('the floor is 2');
  });
});
