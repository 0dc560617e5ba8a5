import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pruneBackup } from '../../src/activities/prune-backup.ts';
import type { BlobStore, RemovedMany } from '../../src/clients/blob-store.ts';
import type { Clients } from '../../src/clients/clients.ts';
import { configuredPolicyHash } from '../../src/clients/retention-plan.ts';
import type { BackupRecord } from '../../src/domain/record.ts';
import { DEFAULT_PROTECTION } from '../../src/domain/retention/policy.ts';

const HSM = 'contoso-hsm';
const FOLDER = 'mhsm-contoso-hsm-2026112202000012';
const RECORD = `hsmkeep/${HSM}/${FOLDER}.json`;
const AT = '2026-11-30T02:00:00.000Z';
const MARKED_AT = '2026-11-22T02:00:00.000Z';
const POLICY = { retention: { last: 3 }, protect: DEFAULT_PROTECTION };
const INPUT = {
  hsm: HSM,
  run: 'backup-contoso-hsm-20261130T0200Z',
  at: AT,
  folder: FOLDER,
  markedAt: MARKED_AT,
  policyHash: policyHashOf(POLICY),
};

const record = (change: Partial<BackupRecord> = {}): string =>
  JSON.stringify({
    schema: 'hsmkeep.record/1',
    hsm: HSM,
    folder: FOLDER,
    holds: [],
    marks: [{ at: MARKED_AT, run: 'r', reason: '' }],
    ...change,
  });

/** What the configuration says of every HSM. */
const configuredAs = (change: object) => ({ config: { timeZone: 'UTC' }, hsmConfig: () => ({ prune: 'delete', ...POLICY, ...change }) });
function policyHashOf(policy: object): string {
  return configuredPolicyHash({ config: { timeZone: 'UTC' }, hsmConfig: () => policy } as unknown as Clients, HSM);
}

/** A container with one backup, and what was done to it in order. `removeMany` may be told to fail or to retain. */
function container(
  recordText: string | undefined,
  removeMany: () => RemovedMany = () => ({ removed: 4, retained: 0 }),
  copies?: Readonly<{ url: string }>,
  configured: object = {},
) {
  const deeds: string[] = [];
  let text = recordText;
  const store: Partial<BlobStore> = {
    read: async () => (text === undefined ? undefined : { text, etag: '"1"' }),
    write: async (path, written) => {
      text = written;
      deeds.push(`write ${path}`);
      return { status: 'written', etag: '"2"' };
    },
    async *listBlobs() {
      for (const name of ['a', 'b']) yield { name: `${FOLDER}/${name}`, sizeBytes: 1, etag: '"1"', modifiedAt: AT };
    },
    removeMany: async (paths) => {
      for await (const path of paths) deeds.push(`remove ${path}`);
      return removeMany();
    },
    remove: async (path) => {
      text = undefined;
      deeds.push(`remove ${path}`);
      return 'removed';
    },
  };
  const clients = { backups: () => store, copies: () => copies, ...configuredAs(configured) } as unknown as Clients;
  return {
    prune: pruneBackup.create(clients),
    deeds,
    recordNow: () => (text === undefined ? undefined : (JSON.parse(text) as BackupRecord)),
  };
}

const REMOVED = [
  `remove ${FOLDER}/a`,
  `remove ${FOLDER}/b`,
  `remove hsmkeep/${HSM}/${FOLDER}.manifest.jsonl`,
  `remove hsmkeep/${HSM}/${FOLDER}.inventory.json`,
];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(AT) });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('pruneBackup', () => {
  test('says in the record that the backup is gone before it removes a blob, and removes the record last', async () => {
    const { prune, deeds } = container(record());
    expect(await prune(INPUT)).toEqual({ value: { status: 'pruned', removed: 4, retained: 0 } });
    expect(deeds).toEqual([`write ${RECORD}`, ...REMOVED, `remove ${RECORD}`]);
  });

  test('goes on where an earlier call was interrupted, and does nothing when that one had finished', async () => {
    let interrupted = true;
    const { prune, deeds, recordNow } = container(record(), () => {
      if (interrupted) throw new Error('killed');
      return { removed: 4, retained: 0 };
    });
    await expect(prune(INPUT)).rejects.toThrow('killed');
    expect(recordNow()?.gone).toEqual({ at: AT, run: INPUT.run });

    interrupted = false;
    expect(await prune(INPUT)).toMatchObject({ value: { status: 'pruned' } });
    const done = deeds.length;
    expect(await prune(INPUT)).toEqual({ value: { status: 'pruned', removed: 0, retained: 0 } });
    expect(deeds).toHaveLength(done);
  });

  test('keeps the record, as gone, while storage retains a blob', async () => {
    const { prune, recordNow } = container(record(), () => ({ removed: 3, retained: 1 }));
    expect(await prune(INPUT)).toEqual({ value: { status: 'retained', removed: 3, retained: 1 } });
    expect(recordNow()?.gone).toBeDefined();
  });

  test('keeps the record, as removed, while there is a second copy to delete when its time has come', async () => {
    const copy = { container: 'https://worm.example/hsm', run: 'r', at: AT, blobs: 2, completedAt: AT };
    const kept = container(record({ copy }), undefined, { url: copy.container });
    expect(await kept.prune(INPUT)).toEqual({ value: { status: 'pruned', removed: 4, retained: 0 } });
    expect(kept.recordNow()).toMatchObject({ gone: { at: AT, run: INPUT.run, removedAt: AT }, copy });
    const elsewhere = container(record({ copy }), undefined, { url: 'https://other.example/hsm' });
    await elsewhere.prune(INPUT);
    expect(elsewhere.recordNow()).toBeUndefined();
  });

  test.each([
    ['its mark was taken away', { marks: [] }],
    ['it was marked anew', { marks: [{ at: '2026-11-29T02:00:00.000Z', run: 'r', reason: '' }] }],
    ['somebody holds it', { holds: [{ by: 'alice', until: '2027-01-01T00:00:00Z', reason: 'audit' }] }],
  ])('spares a backup when %s since the plan was made', async (_what, change) => {
    const { prune, deeds } = container(record(change));
    expect(await prune(INPUT)).toEqual({ value: { status: 'spared' } });
    expect(deeds).toEqual([]);
  });

  test.each(['observe', 'mark'])('spares a backup when the configuration says "%s" by now, but finishes what was begun', async (mode) => {
    const spared = container(record(), undefined, undefined, { prune: mode });
    expect(await spared.prune(INPUT)).toEqual({ value: { status: 'spared' } });
    expect(spared.deeds).toEqual([]);
    const begun = container(record({ gone: { at: AT, run: 'r' } }), undefined, undefined, { prune: mode });
    expect(await begun.prune(INPUT)).toMatchObject({ value: { status: 'pruned' } });
  });

  test.each([
    ['a rule', { retention: { last: 4 } }],
    ['a protection', { protect: { ...DEFAULT_PROTECTION, floor: 4 } }],
  ])('spares a backup when %s of the policy is another one by now, but finishes what was begun', async (_what, change) => {
    const spared = container(record(), undefined, undefined, change);
    expect(await spared.prune(INPUT)).toEqual({ value: { status: 'spared' } });
    expect(spared.deeds).toEqual([]);
    const begun = container(record({ gone: { at: AT, run: 'r' } }), undefined, undefined, change);
    expect(await begun.prune(INPUT)).toMatchObject({ value: { status: 'pruned' } });
  });

  test('spares a backup when the host was away for hours after the plan was made', async () => {
    const { prune, deeds } = container(record());
    vi.setSystemTime('2026-11-30T08:00:00.001Z');
    expect(await prune(INPUT)).toEqual({ value: { status: 'spared' } });
    expect(deeds).toEqual([]);
    vi.setSystemTime('2026-11-30T08:00:00.000Z');
    expect(await prune(INPUT)).toMatchObject({ value: { status: 'pruned' } });
  });

  test('never touches a folder that has no record, or that is of another HSM', async () => {
    const { prune, deeds } = container(undefined);
    await prune(INPUT);
    expect(await prune({ ...INPUT, folder: 'mhsm-other-hsm-2026112202000012' })).toHaveProperty('refused');
    expect(deeds).toEqual([]);
  });

  test('spares a backup that was to be finished but was never given up', async () => {
    const { prune } = container(record());
    expect(await prune({ ...INPUT, markedAt: null })).toEqual({ value: { status: 'spared' } });
  });
});
