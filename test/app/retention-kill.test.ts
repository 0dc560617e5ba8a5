import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackupRecord, recordPath } from '../../src/domain/record.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { blobNames, daysBefore, layOldBackup, OLD_BLOBS } from '../support/old-backups.ts';

const HSM = 'contoso-hsm';

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({
    hsm: { retention: { last: 3 }, protect: { floor: 1, undoDays: 2, maxDeletesPerRun: 100, maxDeleteShare: 1 }, prune: 'delete' },
  });
});
afterAll(() => stack?.stop());

/** Two backups due for deletion, one to be marked, three to keep. */
async function layBackups(): Promise<Readonly<{ due: string[]; all: string[] }>> {
  const { now } = await stack.emulator.control.moveClock({ advanceMs: 0 });
  const lay = (hours: number, change: Partial<BackupRecord> = {}) =>
    layOldBackup(stack.container(HSM), HSM, new Date(Date.parse(daysBefore(now, 0)) - hours * 3_600_000).toISOString(), change);
  const marks = [{ at: daysBefore(now, 3), run: `backup-${HSM}-20260101T0200Z`, reason: 'no rule keeps it' }];
  const due = await Promise.all([lay(9, { marks }), lay(8, { marks })]);
  const others = await Promise.all([4, 3, 2, 1].map((hours) => lay(hours)));
  return { due, all: [...due, ...others] };
}

/** Every backup that is there to be offered has all its blobs; of any other there is no folder that could be taken for one. For a dead host. */
async function expectWhole(laid: readonly string[]): Promise<void> {
  for (const folder of laid) {
    const record = await stack.document<BackupRecord>(stack.container(HSM), recordPath(HSM, folder));
    if (record?.gone) continue;
    expect(await blobNames(stack.container(HSM), `${folder}/`), folder).toHaveLength(record ? OLD_BLOBS.length : 0);
  }
}

describe('a nightly run whose host is killed while it prunes', () => {
  test.each(['after-activity:markBackups:1', 'after-activity:pruneBackup:1'])(
    'at %s shows whole backups only, and ends what it began',
    async (at) => {
      const { due, all } = await layBackups();
      await stack.killHost();
      await stack.startHost({ HSMKEEP_CRASH_AT: at });
      const id = await stack.backupNow(HSM);
      await stack.hostGone();
      await expectWhole(all);
      await stack.startHost();

      const run = await stack.runEnd(id);
      expect(run, JSON.stringify(run.steps)).toMatchObject({ status: 'Completed', result: { retention: { pruned: 2, spared: 0 } } });
      for (const folder of due) {
        expect(await blobNames(stack.container(HSM), folder)).toEqual([]);
        expect(await blobNames(stack.container(HSM), `hsmkeep/${HSM}/${folder}`)).toEqual([]);
      }
      await expectWhole(all);
      // The next round begins with what this one has laid down out of the way.
      for (const name of await blobNames(stack.container(HSM), '')) await stack.container(HSM).deleteBlob(name);
    },
  );
});
