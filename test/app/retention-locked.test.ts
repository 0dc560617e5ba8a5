import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BackupRecord, recordPath } from '../../src/domain/record.ts';
import type { Run, Step } from '../../src/domain/run.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { blobNames, daysBefore, layOldBackup, OLD_BLOBS } from '../support/old-backups.ts';

const DAY_MS = 86_400_000;

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({
    hsms: ['held', 'copied'],
    copyDays: 30,
    proxied: true,
    hsm: { retention: { last: 2 }, protect: { floor: 2, undoDays: 2, maxDeleteShare: 1 }, prune: 'delete' },
  });
});
afterAll(() => stack?.stop());

const advance = async (ms: number): Promise<string> => (await stack.emulator.control.moveClock({ advanceMs: ms })).now;
const night = async (hsm: string): Promise<Run> => stack.runEnd(await stack.backupNow(hsm));
const retention = ({ steps }: Run): Step | undefined => steps.find(({ name }) => name === 'Retention');
const marked = (now: string) => ({ marks: [{ at: daysBefore(now, 5), run: 'backup-x-20260101T0200Z', reason: 'no rule keeps it' }] });

test('a blob under a legal hold is reported as retained, its backup is offered no more, and goes when the hold is lifted', async () => {
  const now = await advance(0);
  const container = stack.container('held');
  const old = await layOldBackup(container, 'held', daysBefore(now, 9), marked(now));
  await Promise.all([8, 7].map((day) => layOldBackup(container, 'held', daysBefore(now, day))));
  stack.proxy?.lock(`backups-held/${old}/keys/`, 'BlobImmutableDueToLegalHold');

  const run = await night('held');
  expect(run, JSON.stringify(run.steps)).toMatchObject({ status: 'Completed', result: { retention: { pruned: 0, retained: 1 } } });
  expect(retention(run)?.message).toContain('1 partly retained by an immutability policy or legal hold');
  expect(await blobNames(container, `${old}/`)).toEqual([`${old}/keys/part-0`, `${old}/keys/part-1`]);
  expect((await stack.api(`/hsms/held/backups/${old}`)).status).toBe(410);

  stack.proxy?.unlock(`backups-held/${old}/keys/`);
  expect(await night('held')).toMatchObject({ result: { retention: { pruned: 1, retained: 0 } } });
  expect(await blobNames(container, old)).toEqual([]);
});

test('a second copy outlives its backup until its days are over and the account lets it go', async () => {
  const copies = stack.copies('copied');
  stack.proxy?.lock('copies-copied/');
  const now = await advance(0);
  const [old = ''] = await Promise.all([9, 8, 7].map((day) => layOldBackup(stack.container('copied'), 'copied', daysBefore(now, day))));
  const first = await night('copied');
  expect(first, JSON.stringify(first.steps)).toMatchObject({
    status: 'Completed',
    result: { copies: { copied: 4 }, retention: { marked: 2 } },
  });

  await advance(3 * DAY_MS);
  expect(await night('copied')).toMatchObject({ status: 'Completed', result: { retention: { pruned: 2, copies: 0, copiesRetained: 0 } } });
  expect(await blobNames(stack.container('copied'), `${old}/`)).toEqual([]);
  expect(await blobNames(copies, `${old}/`)).toHaveLength(OLD_BLOBS.length);
  const record = () => stack.document<BackupRecord>(stack.container('copied'), recordPath('copied', old));
  expect((await record())?.gone).toMatchObject({ removedAt: expect.any(String) });
  const preview = await stack.api('/hsms/copied/retention/preview', { method: 'POST' });
  expect(preview.body.copies.waiting).toHaveLength(2);

  // The clocks of hsmkeep and of the account need not agree to the day.
  await advance(28 * DAY_MS);
  const early = await night('copied');
  expect(early).toMatchObject({ status: 'Completed', result: { retention: { copies: 0, copiesRetained: 2 } } });
  expect(await blobNames(copies, `${old}/`)).toHaveLength(OLD_BLOBS.length);

  // With that of the third one, which was marked a night later.
  stack.proxy?.unlock('copies-copied/');
  expect(await night('copied')).toMatchObject({ status: 'Completed', result: { retention: { copies: 3, copiesRetained: 0 } } });
  expect(await blobNames(copies, old)).toEqual([]);
  expect(await blobNames(copies, recordPath('copied', old))).toEqual([]);
  expect(await record()).toBeUndefined();
});
