import { createHash } from 'node:crypto';
import type { ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackupRecord, inventoryPath, manifestPath, recordPath } from '../../src/domain/record.ts';
import type { Run, Step } from '../../src/domain/run.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { blobNames, daysBefore, layOldBackup, OLD_BLOBS } from '../support/old-backups.ts';

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({ hsms: ['plain', 'catchup', 'differs', 'tampered', 'nowhere'], copyDays: 90, proxied: true });
});
afterAll(() => stack?.stop());

const night = async (hsm: string): Promise<Run> => stack.runEnd(await stack.backupNow(hsm));
const step = ({ steps }: Run): Step | undefined => steps.find(({ name }) => name === 'Second copy');
const recordOf = (container: ContainerClient, hsm: string, folder: unknown) =>
  stack.document<BackupRecord>(container, recordPath(hsm, String(folder)));
const now = async (): Promise<string> => (await stack.emulator.control.moveClock({ advanceMs: 0 })).now;

/** The SHA-256 of each blob of a backup and of the documents beside it, by name. */
async function digests(container: ContainerClient, hsm: string, folder: string): Promise<Record<string, string>> {
  const names = [...(await blobNames(container, `${folder}/`)), manifestPath(hsm, folder), inventoryPath(hsm, folder)];
  const hash = async (name: string) =>
    [
      name,
      createHash('sha256')
        .update(await container.getBlobClient(name).downloadToBuffer())
        .digest('hex'),
    ] as const;
  return Object.fromEntries(await Promise.all(names.map(hash)));
}

describe('the second copy', () => {
  test.each([
    ['by the service', true],
    ['through the app, when the service cannot reach the source', false],
  ])('holds every byte of the night’s backup, and last its record: %s', async (_how, may) => {
    stack.proxy?.copiesItself(may);
    const run = await night('plain');
    expect(run, JSON.stringify(run.steps)).toMatchObject({ status: 'Completed', result: { copies: { copied: 1, waiting: 0 } } });
    expect(step(run)?.message).toBe('1 backup copied and compared');

    const folder = String(run.result?.['folder']);
    const reads = stack.proxy?.seen.filter((seen) => seen.startsWith(`GET /backups-plain/${folder}/`)).length;
    expect(reads).toBe(Number(run.result?.['blobs']) * (may ? 1 : 2));
    expect(await digests(stack.copies('plain'), 'plain', folder)).toEqual(await digests(stack.container('plain'), 'plain', folder));
    const record = await recordOf(stack.container('plain'), 'plain', folder);
    expect(record?.copy).toEqual({
      container: stack.copies('plain').url,
      run: run.id,
      at: expect.any(String),
      blobs: record?.manifest?.blobs,
      completedAt: record?.copy?.at,
    });
    expect(await recordOf(stack.copies('plain'), 'plain', folder)).toEqual(record);

    const { body } = await stack.api('/hsms/plain');
    expect(body.copy).toEqual({ container: stack.copies('plain').url, newestAt: record?.takenAt, lagHours: 0, waiting: 0 });
    expect(body.newestProven.copy).toEqual({ container: stack.copies('plain').url, completedAt: record?.copy?.completedAt });
    stack.proxy?.copiesItself(true);
  });

  test('takes up what earlier nights have left undone, where it was left', async () => {
    const at = await now();
    const [never, begun] = await Promise.all(
      [3, 2].map((days) => layOldBackup(stack.container('catchup'), 'catchup', daysBefore(at, days))),
    );
    const path = `${begun}/${OLD_BLOBS[0]}`;
    await stack.copies('catchup').getBlockBlobClient(path).syncCopyFromURL(stack.container('catchup').getBlobClient(path).url);

    const before = await stack.api('/hsms/catchup');
    expect(before.body.copy).toMatchObject({ newestAt: null, lagHours: null, waiting: 2 });
    expect(await night('catchup')).toMatchObject({ status: 'Completed', result: { copies: { copied: 3, waiting: 0 } } });
    for (const folder of [never, begun]) {
      expect(await blobNames(stack.copies('catchup'), `${folder}/`)).toHaveLength(OLD_BLOBS.length);
      expect((await recordOf(stack.container('catchup'), 'catchup', folder))?.copy?.completedAt).toEqual(expect.any(String));
    }
  });

  test('never overwrites what lies there: a difference degrades the run, and is told in the record', async () => {
    const old = await layOldBackup(stack.container('differs'), 'differs', daysBefore(await now(), 2));
    await stack.copies('differs').getBlockBlobClient(`${old}/header.bin`).upload('other', 5);
    const run = await night('differs');
    expect(run).toMatchObject({ status: 'Degraded', result: { proof: 'L1', copies: { copied: 1, waiting: 1 } } });
    expect(step(run)).toMatchObject({ status: 'Degraded', message: expect.stringContaining('differs from the backup: header.bin') });
    expect((await stack.copies('differs').getBlobClient(`${old}/header.bin`).downloadToBuffer()).toString()).toBe('other');
    const record = await recordOf(stack.container('differs'), 'differs', old);
    expect(record?.copy).toMatchObject({ completedAt: null, problem: expect.stringContaining('differs') });
    expect(await recordOf(stack.copies('differs'), 'differs', old)).toBeUndefined();
  });

  test('does not copy a backup that is not what was hashed any more', async () => {
    const old = await layOldBackup(stack.container('tampered'), 'tampered', daysBefore(await now(), 2));
    await stack.container('tampered').getBlockBlobClient(`${old}/roles.bin`).upload('other', 5);
    const run = await night('tampered');
    expect(step(run)).toMatchObject({ status: 'Degraded', message: expect.stringContaining('not what its manifest says') });
    expect(await recordOf(stack.copies('tampered'), 'tampered', old)).toBeUndefined();
  });

  test('is no condition of the backup: without its container the run is degraded, and says which is missing', async () => {
    await stack.copies('nowhere').delete();
    const run = await night('nowhere');
    expect(run).toMatchObject({ status: 'Degraded', result: { proof: 'L1' } });
    expect(step(run)).toMatchObject({ status: 'Degraded', message: expect.stringContaining(stack.copies('nowhere').url) });
    expect(step(run)?.message).toContain('does not exist');
  });
});
