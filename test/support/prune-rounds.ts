import { expect } from 'vitest';
import { type BackupRecord, type CopyState, manifestPath, recordPath } from '../../src/domain/record.ts';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, startAppStack } from './app-stack.ts';
import { blobNames, daysBefore, layOldBackup, OLD_BLOBS } from './old-backups.ts';

const HSM = 'contoso-hsm';
const COPY_DAYS = 30;

/** The activity turns of a night that prunes what {@link layBackups} lays down. */
export const PRUNING_TURNS = ['planHsmRetention:1', 'markBackups:1', 'pruneBackup:1', 'pruneBackup:2', 'pruneCopy:1'] as const;

/** The requests to storage by which such a night deletes, as the proxy names them. */
export const PRUNING_REQUESTS: readonly (readonly [what: string, request: (laid: Laid) => string])[] = [
  ['the record of a backup says that it is gone', ({ due: [first] }) => `PUT /backups-${HSM}/${recordPath(HSM, String(first))}`],
  ['a blob of a backup is deleted', ({ due: [first] }) => `DELETE /backups-${HSM}/${first}/keys/part-1`],
  ['the manifest of a backup is deleted', ({ due: [first] }) => `DELETE /backups-${HSM}/${manifestPath(HSM, String(first))}`],
  ['the record of a second copy is deleted', ({ onlyCopy }) => `DELETE /copies-${HSM}/${recordPath(HSM, onlyCopy)}`],
  ['a blob of a second copy is deleted', ({ onlyCopy }) => `DELETE /copies-${HSM}/${onlyCopy}/roles.bin`],
  ['the record of a backup is deleted after its copy', ({ onlyCopy }) => `DELETE /backups-${HSM}/${recordPath(HSM, onlyCopy)}`],
];

/** An app whose nights delete, and whose storage tells of each request. */
export const startPruningStack = (): Promise<AppStack> =>
  startAppStack({
    hsm: { retention: { last: 3 }, protect: { floor: 1, undoDays: 2, maxDeletesPerRun: 100, maxDeleteShare: 1 }, prune: 'delete' },
    copyDays: COPY_DAYS,
    proxied: true,
  });

/** Folders. `due`: oldest first. */
type Laid = Readonly<{ due: readonly string[]; onlyCopy: string; all: readonly string[] }>;

/** Two backups due for deletion, one to be marked, three to keep, and a second copy that has outlived its backup for long enough. */
async function layBackups(stack: AppStack): Promise<Laid> {
  const { now } = await stack.emulator.control.moveClock({ advanceMs: 0 });
  const daysAgo = (days: number): string => daysBefore(now, days);
  const copied = (days: number): CopyState => ({
    ...{ container: stack.copies(HSM).url, run: 'r', at: daysAgo(days), blobs: OLD_BLOBS.length, completedAt: daysAgo(days) },
  });
  const lay = (days: number, change: Partial<BackupRecord> = {}) =>
    layOldBackup(stack.container(HSM), HSM, daysAgo(days), { copy: copied(days), ...change });

  const marks = [{ at: daysAgo(3), run: `backup-${HSM}-20260101T0200Z`, reason: 'no rule keeps it' }];
  const due = await Promise.all([lay(0.4, { marks }), lay(0.35, { marks })]);
  const others = await Promise.all([0.2, 0.15, 0.1, 0.05].map((days) => lay(days)));

  const gone = { at: daysAgo(3), run: 'r', removedAt: daysAgo(3) };
  const old = { copy: copied(COPY_DAYS + 1), gone };
  const onlyCopy = await layOldBackup(stack.copies(HSM), HSM, daysAgo(COPY_DAYS + 1), { copy: old.copy });
  await layOldBackup(stack.container(HSM), HSM, daysAgo(COPY_DAYS + 1), old);
  for (const name of await blobNames(stack.container(HSM), `${onlyCopy}/`)) await stack.container(HSM).deleteBlob(name);
  return { due, onlyCopy, all: [...due, ...others] };
}

/**
 * One night that is killed while it prunes: what is offered meanwhile is whole, and the night ends what it began.
 *
 * @param kill Sees to it that the host dies in the course of the night, and resolves to the id of its run.
 */
export async function killedPruning(stack: AppStack, kill: (laid: Laid) => Promise<string>): Promise<Run> {
  const laid = await layBackups(stack);
  const id = await kill(laid);
  await stack.hostGone();
  await expectWhole(stack, laid);
  await stack.startHost();

  const run = await stack.runEnd(id);
  const told = JSON.stringify(run.steps);
  expect(run, told).toMatchObject({ status: 'Completed', result: { retention: { pruned: 2, spared: 0, copies: 1 } } });
  await expectWhole(stack, laid);
  for (const folder of laid.due) {
    expect(await blobNames(stack.container(HSM), `${folder}/`), told).toEqual([]);
    // Of the backup nothing is left; its record waits for the days of the second copy.
    expect(await recordIn(stack, 'container', folder), told).toMatchObject({ gone: { run: id, removedAt: expect.any(String) } });
  }
  expect(await blobNames(stack.copies(HSM), laid.onlyCopy), told).toEqual([]);
  expect(await recordIn(stack, 'copies', laid.onlyCopy), told).toBeUndefined();
  expect(await recordIn(stack, 'container', laid.onlyCopy), told).toBeUndefined();
  expect(await stack.document(stack.documents, `locks/${HSM}.json`), told).toBeUndefined();
  // The next round begins with what this one has laid down out of the way.
  for (const container of [stack.container(HSM), stack.copies(HSM)])
    for (const name of await blobNames(container, '')) await container.deleteBlob(name);
  return run;
}

/** Kills the host at a boundary of an activity, as `HSMKEEP_CRASH_AT` names it. */
export const killedAtBoundary = (stack: AppStack, at: string): Promise<Run> =>
  killedPruning(stack, async () => {
    await stack.killHost();
    await stack.startHost({ HSMKEEP_CRASH_AT: at });
    return stack.backupNow(HSM);
  });

/** Kills the host when a request of its pruning reaches storage; whether the request is answered, nobody learns. */
export const killedAtRequest = (stack: AppStack, request: (laid: Laid) => string): Promise<Run> =>
  killedPruning(stack, async (laid) => {
    const killed = Promise.withResolvers<void>();
    const id = await stack.backupNow(HSM);
    stack.proxy?.before(request(laid), async () => {
      await stack.killHost();
      killed.resolve();
    });
    await killed.promise;
    return id;
  });

/** Every backup that is offered has all its blobs; so has every copy with a record. Asked of storage, with no host alive. */
async function expectWhole(stack: AppStack, { all, onlyCopy }: Laid): Promise<void> {
  for (const folder of all) {
    const record = await recordIn(stack, 'container', folder);
    if (record?.gone) continue;
    expect(await blobNames(stack.container(HSM), `${folder}/`), folder).toHaveLength(record ? OLD_BLOBS.length : 0);
  }
  if (await recordIn(stack, 'copies', onlyCopy))
    expect(await blobNames(stack.copies(HSM), `${onlyCopy}/`), onlyCopy).toHaveLength(OLD_BLOBS.length);
}

const recordIn = (stack: AppStack, where: 'container' | 'copies', folder: string): Promise<BackupRecord | undefined> =>
  stack.document<BackupRecord>(stack[where](HSM), recordPath(HSM, folder));
