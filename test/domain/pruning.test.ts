import { describe, expect, test } from 'vitest';
import { folderDigits } from '../../src/domain/folder.ts';
import {
  isDisorder,
  isHeld,
  MOST_PRUNED_IN_A_RUN,
  type PruningInput,
  planPruning,
  policyOf,
  summarisePruning,
} from '../../src/domain/pruning.ts';
import type { BackupRecord } from '../../src/domain/record.ts';
import { DEFAULT_PROTECTION, type Protection } from '../../src/domain/retention/policy.ts';
import type { RetentionApproval } from '../../src/domain/retention-approval.ts';
import { backupRecord } from '../support/backup-record.ts';

const NOW = '2026-11-22T03:00:00.000Z';
const DAY_MS = 86_400_000;
const nightBefore = (nights: number): string => new Date(Date.parse('2026-11-22T02:00:00.000Z') - nights * DAY_MS).toISOString();
const folderOf = (takenAt: string): string => `mhsm-a-${folderDigits(takenAt)}`;
const TONIGHT = folderOf(nightBefore(0));

/** What a night left behind: its record under its folder. */
function recorded(night: number, changes: Partial<BackupRecord> = {}): { folder: string; record: BackupRecord } {
  const takenAt = nightBefore(night);
  return { folder: folderOf(takenAt), record: backupRecord({ takenAt, folder: folderOf(takenAt), ...changes }) };
}

const nights = (count: number) => Array.from({ length: count }, (_, night) => recorded(night));
const marked = (night: number, daysAgo: number) =>
  recorded(night, { marks: [{ at: new Date(Date.parse(NOW) - daysAgo * DAY_MS).toISOString(), run: 'r', reason: 'no rule keeps it' }] });

type Given = Partial<Omit<PruningInput, 'state'>> &
  Readonly<{
    records?: readonly { folder: string; record: BackupRecord }[];
    prefixes?: readonly string[];
    protection?: Partial<Protection>;
    unreliable?: readonly string[];
    changed?: readonly string[];
    clockSkewMs?: number | null;
  }>;

/** Five nights of which the policy keeps three, unless said otherwise; storage holds what is recorded. */
function plan({ records = nights(5), prefixes, protection, unreliable = [], changed = [], clockSkewMs = 0, ...input }: Given = {}) {
  return planPruning({
    hsm: 'a',
    configured: ['a', 'b'],
    state: { prefixes: prefixes ?? records.map(({ folder }) => folder), records, unreliable, changed, clockSkewMs },
    policy: policyOf({ retention: { last: 3 }, protect: { ...DEFAULT_PROTECTION, ...protection } }, 'UTC'),
    mode: 'delete',
    now: NOW,
    hash: (text) => `#${text.length}`,
    ...input,
  });
}

describe('planPruning', () => {
  test('deletes nothing while a record cannot be relied on', () => {
    const [, lost] = nights(5);
    const records = [...nights(3), marked(4, 8)].filter(({ folder }) => folder !== lost?.folder);
    const prefixes = nights(5).map(({ folder }) => folder);
    const result = plan({ records, prefixes, unreliable: [String(lost?.folder)], protection: { floor: 1 } });
    expect(result).toMatchObject({ refused: { guard: 'records-disagree', ids: [lost?.folder] }, mark: [], prune: [] });
    expect(result.refused?.message).toContain(`What is recorded of 1 backup cannot be relied on: ${lost?.folder}.`);
  });

  test('marks what the policy forgets, with its reason, and deletes nothing in the same run', () => {
    expect(plan()).toMatchObject({
      refused: null,
      mark: [4, 3].map((night) => ({ folder: folderOf(nightBefore(night)), reason: 'no rule keeps it' })),
      lift: [],
      waiting: [],
      prune: [],
      finish: [],
    });
  });

  test('deletes what was marked long enough ago, under the mark that it was judged by', () => {
    const records = [...nights(3), marked(3, 2), marked(4, 8)];
    const result = plan({ records });
    expect(result.prune).toEqual([{ folder: folderOf(nightBefore(4)), markedAt: '2026-11-14T03:00:00.000Z' }]);
    expect(result.waiting).toEqual([{ folder: folderOf(nightBefore(3)), deletableAt: '2026-11-27T03:00:00.000Z' }]);
  });

  test('observing tells what deleting would do', () => {
    const records = [...nights(3), marked(3, 2), marked(4, 8)];
    expect(plan({ records, mode: 'observe' })).toEqual({ ...plan({ records }), mode: 'observe' });
  });

  test('lifts the mark of what is held now', () => {
    const { folder, record } = marked(4, 8);
    const held = { folder, record: { ...record, holds: [{ by: 'alice', until: '2027-01-01T00:00:00.000Z', reason: 'audit' }] } };
    expect(plan({ records: [...nights(4), held] })).toMatchObject({ lift: [folder], prune: [] });
  });

  test('goes on with what an earlier run gave up, unless told to mark only', () => {
    const gone = recorded(5, { gone: { at: NOW, run: 'r' } });
    const records = [...nights(3), gone];
    expect(plan({ records }).finish).toEqual([gone.folder]);
    expect(plan({ records, mode: 'mark' }).finish).toEqual([]);
    expect(plan({ records }).decisions.map(({ id }) => id)).not.toContain(gone.folder);
  });

  test('finishes what was given up although no blob of it is left', () => {
    const gone = recorded(5, { gone: { at: NOW, run: 'r' } });
    const result = plan({ records: [...nights(3), gone], prefixes: nights(3).map(({ folder }) => folder) });
    expect(result).toMatchObject({ refused: null, finish: [gone.folder] });
  });

  test('counts what is nobody’s, keeps what nobody recorded, and stops at neither', () => {
    const foreign = folderOf(nightBefore(9));
    const records = nights(5);
    const result = plan({ records, prefixes: [...records.map(({ folder }) => folder), foreign, 'mhsm-b-2026112202000000', 'mhsm-zz'] });
    expect(result).toMatchObject({ refused: null, other: 2 });
    expect(result.decisions.find(({ id }) => id === foreign)).toMatchObject({ keep: true });
  });

  test.each<[string, string, Given]>([
    ['the folder of a record is not there', 'records-disagree', { prefixes: [TONIGHT] }],
    ['a record tells of another folder', 'records-disagree', { records: [...nights(5), recorded(6, { folder: TONIGHT })] }],
    ['a record is of another HSM', 'records-disagree', { records: [...nights(5), recorded(6, { hsm: 'b' })] }],
    ['tonight’s backup has no record', 'records-disagree', { night: folderOf('2026-11-22T02:30:00.000Z') }],
    ['a name is no backup’s', 'malformed-name', { prefixes: [...nights(5).map(({ folder }) => folder), 'mhsm-a-20261122'] }],
    ['a backup that others would go for has lost blobs', 'records-disagree', { changed: [TONIGHT] }],
    ['storage’s clock is not known', 'clock-skew', { clockSkewMs: null }],
  ])('changes nothing when %s', (_, guard, given) => {
    const gone = recorded(7, { gone: { at: NOW, run: 'r' } });
    const result = plan({ ...given, records: [...(given.records ?? nights(5)), gone] });
    expect(result.refused?.guard).toBe(guard);
    expect(result).toMatchObject({ mark: [], lift: [], waiting: [], prune: [], finish: [] });
  });

  test('deletes when tonight’s backup is among the records', () => {
    expect(plan({ night: TONIGHT }).refused).toBeNull();
  });
});

test('a plan foresees when each backup goes, and how long a destroyed key stays recoverable', () => {
  const { goesAt, recoverable } = plan();
  expect(goesAt[TONIGHT]).toBe('2026-12-02T02:00:00.000Z');
  expect(goesAt[folderOf(nightBefore(4))]).toBe('2026-11-29T03:00:00.000Z');
  expect(recoverable).toEqual({ any: '2026-12-02T02:00:00.000Z', newest: '2026-12-02T02:00:00.000Z' });
});

describe('an HSM with fewer backups than the floor', () => {
  const of = (count: number, given: Given = {}) => plan({ records: nights(count), protection: { floor: 5 }, ...given });

  test('is young while the policy would forget nothing of it', () => {
    expect(of(3)).toMatchObject({ young: true, refused: { guard: 'floor' } });
    expect(summarisePruning(of(3)).young).toBe(true);
  });

  test('is not once the policy would, were it not for the floor', () => {
    expect(of(4)).toMatchObject({ young: false, refused: { guard: 'floor' } });
    expect(of(4, { protection: { floor: 5, maxDeletesPerRun: 0 } })).toMatchObject({ young: false });
    const failed = recorded(30, { status: 'failed', proofs: [] });
    expect(of(3, { records: [...nights(3), failed] })).toMatchObject({ young: false });
  });

  test('is not when another doubt comes first', () => {
    expect(of(3, { clockSkewMs: null })).toMatchObject({ young: false, refused: { guard: 'clock-skew' } });
    expect(plan().young).toBe(false);
  });
});

describe('second copies', () => {
  const CONTAINER = 'https://worm.example/hsm';
  const copies = { container: CONTAINER, days: 30 };
  const only = (night: number, copiedDaysAgo: number, container = CONTAINER) => {
    const at = new Date(Date.parse(NOW) - copiedDaysAgo * DAY_MS).toISOString();
    const gone = { at: NOW, run: 'r', removedAt: NOW };
    return recorded(night, { gone, copy: { container, run: 'r', at, blobs: 4, completedAt: at } });
  };
  const records = [...nights(3), only(50, 10), only(40, 30), only(60, 31)];
  const prefixes = nights(3).map(({ folder }) => folder);

  test('go once their days are over, and wait until then', () => {
    const { copies: left, finish } = plan({ records, prefixes, copies });
    expect(finish).toEqual([]);
    expect(left).toEqual({
      due: [60, 40].map((night) => folderOf(nightBefore(night))),
      waiting: [{ folder: folderOf(nightBefore(50)), removableAt: '2026-12-12T03:00:00.000Z' }],
    });
    expect(summarisePruning(plan({ records, prefixes, copies })).copies).toEqual(left.due);
  });

  test('stay while nothing may be deleted, and while only marks are made', () => {
    const none = { due: [], waiting: [] };
    expect(plan({ records, prefixes, copies, clockSkewMs: null }).copies).toEqual(none);
    expect(plan({ records, prefixes, copies, mode: 'mark' }).copies).toEqual(none);
  });

  test('that are nobody’s business any more leave a record to tidy up', () => {
    const elsewhere = only(40, 40, 'https://other.example/hsm');
    expect(plan({ records: [...nights(3), elsewhere], prefixes, copies })).toMatchObject({
      finish: [elsewhere.folder],
      copies: { due: [] },
    });
    expect(plan({ records, prefixes }).finish).toHaveLength(3);
  });

  test('wait for their turn behind backups, so that a run stays short', () => {
    const gone = Array.from({ length: MOST_PRUNED_IN_A_RUN - 1 }, (_, index) => recorded(20 + index, { gone: { at: NOW, run: 'r' } }));
    const summary = summarisePruning(plan({ records: [...records, ...gone], prefixes, copies }));
    expect([summary.prune.length, summary.copies.length]).toEqual([MOST_PRUNED_IN_A_RUN - 1, 1]);
  });
});

describe('an approval', () => {
  const records = nights(20);
  const braked = plan({ records });
  const { planHash = '', ids = [] } = braked.refused ?? {};
  const approval: RetentionApproval = {
    ...{ schema: 'hsmkeep.retention-approval/1', hsm: 'a', planHash, ids, at: NOW, expiresAt: NOW, note: null, usedBy: null },
    by: { oid: 'o', name: 'root' },
  };

  test('is asked for with the command that gives it', () => {
    expect(braked).toMatchObject({ approval: null, mark: [], refused: { guard: 'brake' } });
    expect(braked.refused?.hint).toContain(`hsmkeep retention approve a --hash ${planHash}`);
  });

  test('lets go what it names, and is handed on to be used up', () => {
    const approved = plan({ records, approval });
    expect(approved).toMatchObject({ refused: null, approval: { by: 'root', planHash, expiresAt: NOW } });
    expect(approved.mark).toHaveLength(17);
    expect(summarisePruning(approved).approval).toEqual({ by: 'root', planHash });
    expect(summarisePruning(braked).approval).toBeNull();
  });

  test('of another plan lets nothing go', () => {
    expect(plan({ records, approval: { ...approval, planHash: 'other' } }).refused?.guard).toBe('brake');
  });
});

describe('summarisePruning', () => {
  test('takes so many of those that are due that a run stays short, marked ones before those given up', () => {
    const old = Array.from({ length: 9 }, (_, index) => marked(3 + index, 30));
    const gone = Array.from({ length: 5 }, (_, index) => recorded(20 + index, { gone: { at: NOW, run: 'r' } }));
    const summary = summarisePruning(plan({ records: [...nights(3), ...old, ...gone], protection: { maxDeleteShare: 1 } }));
    expect(summary).toMatchObject({ mode: 'delete', backups: 12, refused: null, due: 14, nextDeletableAt: null });
    expect(summary.prune).toHaveLength(MOST_PRUNED_IN_A_RUN);
    expect(summary.prune.slice(-3).map(({ markedAt: at }) => at)).toEqual([null, null, null]);
  });

  test('names the next time at which something may be deleted', () => {
    const summary = summarisePruning(plan({ records: [...nights(3), marked(3, 1), marked(4, 2)] }));
    expect(summary).toMatchObject({ waiting: 2, nextDeletableAt: '2026-11-27T03:00:00.000Z' });
  });

  test('hands on why a plan was refused, without its list of backups', () => {
    expect(summarisePruning(plan({ clockSkewMs: null })).refused).toEqual({
      guard: 'clock-skew',
      message: expect.any(String),
      hint: expect.any(String),
    });
  });
});

describe('isHeld', () => {
  const held = (until: string) => isHeld({ holds: [{ by: 'alice', until, reason: 'audit' }] }, NOW);
  test('pins until its time, and for good when that cannot be read', () => {
    expect([held('2026-11-22T03:00:00.001Z'), held(NOW), held('soon')]).toEqual([true, false, true]);
    expect(isHeld({ holds: [] }, NOW)).toBe(false);
  });
});

test('isDisorder tells a broken container or clock from a young or changed policy', () => {
  expect((['floor', 'brake', 'newest-unproven', 'empty-policy'] as const).filter(isDisorder)).toEqual([]);
  expect(isDisorder('records-disagree') && isDisorder('clock-skew') && isDisorder('malformed-name')).toBe(true);
});
