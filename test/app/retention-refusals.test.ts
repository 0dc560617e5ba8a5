import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../../src/cli/program.ts';
import { recordText } from '../../src/clients/records.ts';
import { type BackupRecord, recordPath } from '../../src/domain/record.ts';
import type { Run, Step } from '../../src/domain/run.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { blobNames, daysBefore, layOldBackup } from '../support/old-backups.ts';

const HSMS = ['cut', 'damaged', 'disagree', 'empty', 'floor', 'foreign', 'level', 'young'] as const;
type Hsm = (typeof HSMS)[number];

/** For eight nights at once, where others want the machine too. */
const SLOW_MS = 240_000;

const POLICY = { retention: { last: 2 }, protect: { floor: 2, undoDays: 2, maxDeleteShare: 1 }, prune: 'delete' };
const CHANGED: Partial<Record<string, object>> = {
  empty: { retention: { last: 0 } },
  floor: { protect: { ...POLICY.protect, floor: 9 } },
  level: { protect: { ...POLICY.protect, countsFrom: 'L2' } },
};

let stack: AppStack;
let now: string;
/** What each container held right before its night, and how that ended. */
const before = new Map<Hsm, string[]>();
const nights = new Map<Hsm, Run>();

/** Four backups, all of them marked long enough ago to be deleted in the night if the policy forgets them. */
async function layBackups(hsm: Hsm): Promise<string[]> {
  const at = daysBefore(now, 9);
  const marks = [{ at: daysBefore(now, 5), run: 'backup-x-20260101T0200Z', reason: 'no rule keeps it' }];
  const proofs = (['L1', 'L2'] as const).map((level) => ({ level, at, run: 'r' }));
  return Promise.all([9, 8, 7, 6].map((day) => layOldBackup(stack.container(hsm), hsm, daysBefore(now, day), { marks, proofs })));
}

const PREPARE: Partial<Record<Hsm, (folders: readonly string[]) => Promise<unknown>>> = {
  cut: async () => stack.proxy?.cutListing('backups-cut', 'hsmkeep/cut/mhsm-'),
  // One bit of the time of its mark: it would be deleted later, or sooner.
  damaged: async ([oldest = '']) => {
    const blob = stack.container('damaged').getBlockBlobClient(recordPath('damaged', oldest));
    const bytes = Buffer.from(recordText(JSON.parse((await blob.downloadToBuffer()).toString()) as BackupRecord));
    const at = bytes.indexOf('"marks":[{"at":"20') + '"marks":[{"at":"20'.length;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await blob.upload(bytes, bytes.byteLength);
  },
  disagree: async ([oldest]) => {
    for (const name of await blobNames(stack.container('disagree'), `${oldest}/`)) await stack.container('disagree').deleteBlob(name);
  },
  foreign: () =>
    Promise.all(
      ['photos/a', 'mhsm-other-hsm-2026010102000000/a', 'mhsm-zz', 'restic/config'].map((name) =>
        stack.container('foreign').getBlockBlobClient(name).upload('x', 1),
      ),
    ),
};

beforeAll(async () => {
  stack = await startAppStack({ hsms: HSMS, proxied: true, hsm: (name) => ({ ...POLICY, ...CHANGED[name] }) });
  now = (await stack.emulator.control.moveClock({ advanceMs: 0 })).now;
  await Promise.all(
    HSMS.map(async (hsm) => {
      const folders = hsm === 'young' ? [] : await layBackups(hsm);
      await PREPARE[hsm]?.(folders);
      before.set(hsm, await blobNames(stack.container(hsm), ''));
      nights.set(hsm, await stack.runEnd(await stack.backupNow(hsm)));
    }),
  );
}, SLOW_MS);
afterAll(() => stack?.stop());

const nightOf = (hsm: Hsm): Run => nights.get(hsm) as Run;
const retention = (hsm: Hsm): Step | undefined => nightOf(hsm).steps.find(({ name }) => name === 'Retention');
const preview = async (hsm: Hsm) => (await stack.api(`/hsms/${hsm}/retention/preview`, { method: 'POST' })).body;

describe('a night deletes nothing, is degraded and says why', () => {
  test.each<[string, Hsm, string]>([
    ['when a listing is cut short', 'cut', 'refused access'],
    ['when records disagree with storage', 'disagree', 'does not hold what the records say of 1 backup'],
    ['when a record was changed after it was written', 'damaged', 'What is recorded of 1 backup cannot be relied on'],
    ['under a policy that is empty', 'empty', 'it would keep nothing'],
    ['when the floor is above what exists', 'floor', 'the floor is 9'],
  ])('%s', async (_when, hsm, words) => {
    expect(nightOf(hsm)).toMatchObject({ status: 'Degraded', result: { proof: 'L1' } });
    expect(retention(hsm)).toMatchObject({
      status: 'Degraded',
      message: expect.stringContaining(words),
      hint: expect.stringMatching(/\w/),
    });
    expect(await blobNames(stack.container(hsm), '')).toEqual(expect.arrayContaining(before.get(hsm) ?? []));
  });
});

describe('a night goes on', () => {
  test('past folders that are nobody’s here', async () => {
    expect(nightOf('foreign')).toMatchObject({ status: 'Completed', result: { retention: { pruned: 3 } } });
    for (const name of ['photos/a', 'mhsm-other-hsm-2026010102000000/a', 'mhsm-zz', 'restic/config'])
      expect(await blobNames(stack.container('foreign'), name)).toEqual([name]);
  });

  test('although its own backup has not reached the level that counts yet: the newest that has stays', async () => {
    expect(nightOf('level')).toMatchObject({ status: 'Completed', result: { retention: { pruned: 2 } } });
    const { decisions } = await preview('level');
    expect(decisions.map(({ reasons }: { reasons: string[] }) => reasons.join(', '))).toEqual([
      'proof L1 is below L2: outside the policy',
      'last snapshot, newest proven, floor 2',
      'last snapshot, floor 2',
    ]);
  });

  test('on a new HSM, where there is nothing to forget yet', () => {
    expect(nightOf('young')).toMatchObject({ status: 'Completed' });
    expect(retention('young')?.message).toBe('nothing to forget yet. There is 1 backup proven to L1 or above; the floor is 2.');
  });
});

test('backups that failed since the newest proven one stop all deletion', async () => {
  const failed = await layOldBackup(stack.container('level'), 'level', daysBefore(now, -0.002), { status: 'failed', proofs: [] });
  expect((await preview('level')).refused).toMatchObject({ guard: 'newest-unproven', ids: [failed] });
  for (const name of await blobNames(stack.container('level'), ''))
    if (name.includes(failed)) await stack.container('level').deleteBlob(name);
});

test('after the app has lost its storage, and `catalogue rebuild`, the same plan comes out', async () => {
  const { now: _then, ...plan } = await preview('foreign');
  for (const name of await blobNames(stack.documents, '')) if (!name.startsWith('locks/')) await stack.documents.deleteBlob(name);

  const file = join(stack.hostData, '..', 'rebuild.json');
  const backupTo = { container: stack.container('foreign').url };
  writeFileSync(file, JSON.stringify({ hsms: [{ name: 'foreign', url: stack.emulator.ready.hsms['foreign'], backupTo }] }));
  const said = { stdout: '', stderr: '' };
  const output = (name: keyof typeof said) => ({ isTTY: false, write: (text: string) => (said[name] += text) });
  const io = { stdout: output('stdout'), stderr: output('stderr'), env: {}, cwd: stack.hostData, now: () => new Date(now) };
  const args = ['catalogue', 'rebuild', '--config', file, '--storage', stack.proxy?.connectionString ?? '', '--json'];
  expect({ code: await runCli(args, io), stderr: said.stderr }).toEqual({ code: 0, stderr: '' });
  rmSync(file);

  expect(
    JSON.parse(said.stdout)
      .value.map(({ folder }: { folder: string }) => folder)
      .sort(),
  ).toEqual(plan.decisions.map(({ id }: { id: string }) => id).sort());
  const { now: _now, ...again } = await preview('foreign');
  expect(again).toEqual(plan);
  const [newest] = plan.decisions;
  expect(await stack.document<BackupRecord>(stack.container('foreign'), recordPath('foreign', newest.id))).toMatchObject({
    status: 'complete',
  });
});
