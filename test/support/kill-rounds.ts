import { expect } from 'vitest';
import type { BackupRecord } from '../../src/domain/record.ts';
import type { Run } from '../../src/domain/run.ts';
import type { AppStack } from './app-stack.ts';

const HSM = 'contoso-hsm';

/** The activity turns of a nightly run, in order: the activity and the how-manieth time it is called. */
export const NIGHTLY_TURNS = [
  'saveRun:1',
  'acquireLock:1',
  'startPreBackup:1',
  'checkBackupJob:1',
  'storeIntent:1',
  'takeInventory:1',
  'startBackup:1',
  'noteLockStep:1',
  'checkBackupJob:2',
  'takeInventory:2',
  'sealInventory:1',
  'hashFolder:1',
  'fingerprintFolder:1',
  'sealManifest:1',
  'writeRecord:1',
  'findNewFolders:1',
  'findUncopied:1',
  'planHsmRetention:1',
  'clearStaging:1',
  'releaseLock:1',
  'saveRun:2',
] as const;

/** Handler not begun; handler done and its result not on disk; result on disk. */
export const BOUNDARIES = ['before-activity', 'after-activity', 'after-commit'] as const;

/** What a killed night came to: a row of the matrix in ARCHITECTURE.md. */
export type KilledNight = Readonly<{ at: string; run: Run; newFolders: number; adopted: boolean; secondBackup: boolean }>;

/** Kills the host at a boundary of a run, starts it again and holds what comes of it against the law. */
export async function killAtBoundary(stack: AppStack, at: string): Promise<KilledNight> {
  return checkedNight(stack, at, async () => {
    await stack.killHost();
    await stack.startHost({ HSMKEEP_CRASH_AT: at });
    const id = await stack.backupNow(HSM);
    await stack.hostGone();
    await stack.startHost();
    return id;
  });
}

/** Kills the host some time into a run. */
export async function killAfter(stack: AppStack, ms: number): Promise<KilledNight> {
  return checkedNight(stack, `${ms} ms`, async () => {
    const id = await stack.backupNow(HSM);
    await new Promise((resolve) => setTimeout(resolve, ms));
    await stack.killHost();
    await stack.startHost();
    return id;
  });
}

/** The law of flow 4.1: at least one and at most two backups, every folder recorded, older ones left alone, no orchestration lost. */
async function checkedNight(stack: AppStack, at: string, killed: () => Promise<string>): Promise<KilledNight> {
  const before = await contentOf(stack);
  const olderFolders = await stack.folders(HSM);

  const stopHurrying = stack.hurry();
  const run = await killed().then(stack.runEnd).finally(stopHurrying);
  const { id } = run;

  const folders = (await stack.folders(HSM)).filter((folder) => !olderFolders.includes(folder));
  const told = `${at}: ${JSON.stringify(run.steps.map(({ name, status, message }) => [name, status, message]))}`;
  expect(['Completed', 'Degraded'], told).toContain(run.status);
  expect(folders.length, told).toBeGreaterThanOrEqual(1);
  expect(folders.length, told).toBeLessThanOrEqual(2);

  const records = await Promise.all(
    folders.map((folder) => stack.document<BackupRecord>(stack.container(HSM), `hsmkeep/${HSM}/${folder}.json`)),
  );
  for (const record of records) expect(record, told).toMatchObject({ status: 'complete', run: id, proofs: [{ level: 'L1' }] });

  const after = await contentOf(stack);
  for (const [name, etag] of before) expect([name, after.get(name)], told).toEqual([name, etag]);
  expect(await stack.document(stack.documents, `locks/${HSM}.json`), told).toBeUndefined();

  return { at, run, newFolders: folders.length, adopted: records.some((record) => record?.adopted), secondBackup: folders.length > 1 };
}

/** Every blob of the container with its version; what a run stages for itself aside. */
async function contentOf(stack: AppStack): Promise<Map<string, string>> {
  const blobs = new Map<string, string>();
  for await (const { name, properties } of stack.container(HSM).listBlobsFlat())
    if (!name.includes('/staging/')) blobs.set(name, properties.etag);
  return blobs;
}
