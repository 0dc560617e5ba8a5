import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { copyRemovableAt } from '../../src/domain/copies.ts';
import { folderDigits } from '../../src/domain/folder.ts';
import { isHeld, MOST_PRUNED_IN_A_RUN, type PruningInput, planPruning, policyOf, summarisePruning } from '../../src/domain/pruning.ts';
import type { BackupRecord, CopyState } from '../../src/domain/record.ts';
import { decideMarks } from '../../src/domain/retention/marks.ts';
import { planRetention } from '../../src/domain/retention/plan.ts';
import { DEFAULT_PROTECTION, isEmptyPolicy } from '../../src/domain/retention/policy.ts';
import type { RetainedBackup } from '../../src/domain/retention/retained-backup.ts';
import { backupRecord } from '../support/backup-record.ts';
import { holds } from './retention/law.ts';
import { DAY_MS, hash, NO_BRAKE } from './retention/support.ts';

const NOW = '2026-11-22T03:00:00.000Z';
const CONTAINER = 'https://worm.example/hsm';
const ELSEWHERE = 'https://other.example/hsm';
const COPY_DAYS = 30;
const daysAgo = (days: number): string => new Date(Date.parse(NOW) - days * DAY_MS).toISOString();

/** One folder and what is known of it. */
type Night = Readonly<{ folder: string; isListed: boolean; record?: BackupRecord }>;

const age = fc.constantFrom(1, 29, 30, 31);
const copy = fc
  .record({ container: fc.constantFrom(CONTAINER, CONTAINER, ELSEWHERE), seenDays: age, completeDays: fc.option(age) })
  .map(({ container, seenDays, completeDays }): CopyState => {
    return { container, run: 'r', at: daysAgo(seenDays), blobs: 4, completedAt: completeDays === null ? null : daysAgo(completeDays) };
  });

/** `given up`: its blobs are still there. `gone`: they are not. `removed`: nor is anything else but a second copy. */
type Kind = 'ours' | 'given up' | 'gone' | 'removed' | 'nobody’s';
const nightOf = (...kinds: readonly Kind[]) =>
  fc
    .record(
      {
        hoursAgo: fc.integer({ min: 2, max: 900 }),
        kind: fc.constantFrom(...kinds),
        status: fc.constantFrom('complete' as const, 'complete' as const, 'failed' as const),
        level: fc.constantFrom('L0', 'L1', 'L1', 'L2'),
        markedDaysAgo: fc.constantFrom(1, 6, 7, 30),
        heldDays: fc.constantFrom(-3, 0, 3),
        copy,
      },
      { requiredKeys: ['hoursAgo', 'kind', 'status', 'level'] },
    )
    .map(({ hoursAgo, kind, status, level, markedDaysAgo, heldDays, copy }): Night => {
      const takenAt = daysAgo(hoursAgo / 24);
      const folder = `mhsm-a-${folderDigits(takenAt)}`;
      if (kind === 'nobody’s') return { folder, isListed: true };
      const record = backupRecord({
        ...{ takenAt, folder, status },
        proofs: [{ level, at: takenAt, run: 'r' }],
        marks: markedDaysAgo === undefined ? [] : [{ at: daysAgo(markedDaysAgo), run: 'r', reason: '' }],
        holds: heldDays === undefined ? [] : [{ by: 'alice', until: daysAgo(-heldDays), reason: '' }],
        ...(copy && { copy }),
        ...((kind === 'given up' || kind === 'gone') && { gone: { at: NOW, run: 'r' } }),
        ...(kind === 'removed' && { gone: { at: NOW, run: 'r', removedAt: NOW } }),
      });
      return { folder, record, isListed: kind === 'ours' || kind === 'given up' };
    });
const nightsOf = (night: fc.Arbitrary<Night>, minLength: number, maxLength: number) =>
  fc
    .uniqueArray(night, { selector: ({ folder }) => folder, minLength, maxLength })
    .map((older): Night[] => [{ folder: 'mhsm-a-2026112202000000', isListed: true, record: backupRecord() }, ...older]);

type Given = Readonly<{ nights: readonly Night[]; last: number; mode: PruningInput['mode'] }>;
const givenOf = (nights: fc.Arbitrary<readonly Night[]>): fc.Arbitrary<Given> =>
  fc.record({
    nights,
    last: fc.integer({ min: 1, max: 5 }),
    mode: fc.constantFrom<PruningInput['mode'][]>('observe', 'mark', 'delete', 'delete'),
  });

const given = givenOf(nightsOf(nightOf('ours', 'ours', 'ours', 'ours', 'given up', 'gone', 'removed', 'nobody’s'), 4, 24));
/** More to finish, and more second copies whose days are over, than a run has turns for. */
const crowded = givenOf(nightsOf(nightOf('ours', 'given up', 'gone', 'removed', 'removed'), 16, 40));

const recordsOf = ({ nights }: Given) => nights.flatMap(({ folder, record }) => (record ? [{ folder, record }] : []));
const policyFor = ({ last }: Given) => policyOf({ retention: { last }, protect: { ...DEFAULT_PROTECTION, ...NO_BRAKE, floor: 1 } }, 'UTC');

const plan = (
  given: Given,
  changes: Omit<Partial<PruningInput>, 'state'> & { prefixes?: readonly string[]; state?: Partial<PruningInput['state']> } = {},
) => {
  const { prefixes = given.nights.filter(({ isListed }) => isListed).map(({ folder }) => folder), state, ...rest } = changes;
  return planPruning({
    ...{ hsm: 'a', configured: ['a', 'a-dr'], mode: given.mode, now: NOW, hash },
    state: {
      prefixes: [...prefixes, 'mhsm-a-dr-2026112202000000', 'mhsm-b'],
      records: recordsOf(given),
      unreliable: [],
      changed: [],
      clockSkewMs: 0,
      ...state,
    },
    policy: policyFor(given),
    copies: { container: CONTAINER, days: COPY_DAYS },
    ...rest,
  });
};
const NOTHING = { mark: [], lift: [], waiting: [], prune: [], finish: [], copies: { due: [], waiting: [] } };

/** What a night is to the rules. */
function asBackup({ folder, record }: Night): RetainedBackup {
  const takenAt = folder.slice(-16).replace(/^(....)(..)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6.$70Z');
  if (!record) return { id: folder, takenAt, proof: 'L0', status: 'unrecorded' };
  const [mark] = record.marks;
  return {
    ...{ id: folder, takenAt, proof: record.proofs[0]?.level ?? 'L0', status: record.status, holds: record.holds },
    ...(mark && { markedAt: mark.at }),
  };
}

describe('a pruning plan', { timeout: 120_000 }, () => {
  test('decides about every backup that was not given up as the policy does, and changes what that leads to', () => {
    holds(
      given,
      (given) => {
        const backups = given.nights.filter(({ record }) => !record?.gone).map(asBackup);
        const expected = planRetention({ policy: policyFor(given), backups, now: NOW, hash });
        const changes = decideMarks(expected, backups, given.mode === 'observe' ? 'delete' : given.mode, DEFAULT_PROTECTION.undoDays);
        const result = plan(given);
        expect(result).toMatchObject({ decisions: expected.decisions, refused: expected.refused, lift: changes.lift, other: 2 });
        const reasonsOf = (folder: string) => expected.decisions.find(({ id }) => id === folder)?.reasons.join(', ');
        expect(result.mark).toEqual(changes.mark.map((folder) => ({ folder, reason: reasonsOf(folder) })));
        expect(result.waiting).toEqual(changes.waiting.map(({ id, deletableAt }) => ({ folder: id, deletableAt })));
        const marks = new Map(backups.map(({ id, markedAt }) => [id, markedAt]));
        expect(result.prune).toEqual(changes.prune.map((folder) => ({ folder, markedAt: marks.get(folder) })));
        return result.prune.length > 0 || result.mark.length > 0;
      },
      0.2,
    );
  });

  test('finishes what was given up, and removes second copies that outlived it once their days are over', () => {
    holds(
      given,
      (given) => {
        const result = plan(given);
        const gone = recordsOf(given).filter(({ record }) => record.gone);
        const isCopyLeft = ({ record }: { record: BackupRecord }) => record.gone?.removedAt && record.copy?.container === CONTAINER;
        const deletes = !result.refused && given.mode !== 'mark';
        expect(result.finish.toSorted()).toEqual(
          deletes
            ? gone
                .filter((one) => !isCopyLeft(one))
                .map(({ folder }) => folder)
                .toSorted()
            : [],
        );
        const left = gone.filter((one) => deletes && isCopyLeft(one)).sort((a, b) => (a.folder < b.folder ? -1 : 1));
        const removableAt = ({ record: { copy } }: { record: BackupRecord }): string =>
          new Date(Date.parse(copy?.completedAt ?? copy?.at ?? '') + COPY_DAYS * DAY_MS).toISOString();
        const isDue = (one: { record: BackupRecord }): boolean => removableAt(one) <= NOW;
        expect(result.copies.due).toEqual(left.filter(isDue).map(({ folder }) => folder));
        expect(result.copies.waiting).toEqual(
          left.filter((one) => !isDue(one)).map((one) => ({ folder: one.folder, removableAt: removableAt(one) })),
        );
        return gone.length > 0;
      },
      0.2,
    );
  });

  test('changes nothing where a record and storage, or a record and its place, disagree', () => {
    const oddity = fc.constantFrom(
      'not listed',
      'of another folder',
      'of another HSM',
      'of another HSM’s folder',
      'of another time',
      'whose record cannot be relied on',
      'whose blobs are not those that were hashed',
      'night without record',
    );
    holds(
      fc.record({ given, oddity, pick: fc.nat(), isGone: fc.boolean() }),
      ({ given, oddity, pick, isGone }) => {
        const whole = given.nights.filter(({ record }) => record && !record.gone);
        const { folder, record } = whole[pick % whole.length] as Required<Night>;
        const gone = isGone ? { gone: { at: NOW, run: 'r' } } : {};
        const dr = 'mhsm-a-dr-2026112202000000';
        const changed = {
          'not listed': () =>
            plan(given, { prefixes: given.nights.filter((one) => one.isListed && one.folder !== folder).map((one) => one.folder) }),
          'of another folder': () => plan(replaced({ ...record, ...gone, folder: 'mhsm-a-2020010102000000' })),
          'of another HSM': () => plan(replaced({ ...record, ...gone, hsm: 'a-dr' })),
          'of another HSM’s folder': () =>
            plan({
              ...given,
              nights: [
                ...given.nights,
                { folder: dr, isListed: false, record: { ...record, ...gone, hsm: pick % 2 === 0 ? 'a' : 'a-dr', folder: dr } },
              ],
            }),
          'of another time': () => plan(replaced({ ...record, takenAt: daysAgo(99) })),
          'whose record cannot be relied on': () => plan(given, { state: { unreliable: [folder] } }),
          'whose blobs are not those that were hashed': () => plan(given, { state: { changed: [folder] } }),
          'night without record': () => plan(given, { night: 'mhsm-a-2026112202300000' }),
        }[oddity]();
        function replaced(record: BackupRecord): Given {
          return { ...given, nights: given.nights.map((one) => (one.folder === folder ? { ...one, record } : one)) };
        }
        expect(changed.refused?.guard).toBe('records-disagree');
        expect(changed.refused?.ids).toHaveLength(1);
        expect(changed).toMatchObject(NOTHING);
        return true;
      },
      0.2,
    );
  });

  test('is summarised so that no run has more to delete than its history bears, marked ones first, copies last', () => {
    holds(
      crowded,
      (given) => {
        const whole = plan(given);
        const summary = summarisePruning(whole);
        const due = [...whole.prune, ...whole.finish.map((folder) => ({ folder, markedAt: null }))];
        expect(summary.prune).toEqual(due.slice(0, MOST_PRUNED_IN_A_RUN));
        expect(summary.copies).toEqual(whole.copies.due.slice(0, Math.max(0, MOST_PRUNED_IN_A_RUN - due.length)));
        expect(summary.prune.length + summary.copies.length).toBeLessThanOrEqual(12);
        expect(summary).toMatchObject({ due: due.length, mark: whole.mark.length, lift: whole.lift.length, waiting: whole.waiting.length });
        return due.length + whole.copies.due.length > MOST_PRUNED_IN_A_RUN;
      },
      0.1,
    );
  });
});

test('a policy for an HSM knows no tags but "none at all": its backups carry none, so to ask for others is to ask for nothing', {
  timeout: 60_000,
}, () => {
  const keepTags = fc.array(fc.constantFrom<string[][]>(['a'], ['a', ''], [''], []), { maxLength: 2 });
  holds(
    fc.record({ keepTags, daily: fc.constantFrom(undefined, undefined, 0, 1, -1) }),
    ({ keepTags, daily }) => {
      const retention = { keepTags, ...(daily !== undefined && { daily }) };
      const { rules, timeZone, protection } = policyOf({ retention, protect: DEFAULT_PROTECTION }, 'Europe/Berlin');
      const untagged = keepTags.filter((tags) => !tags.includes('a'));
      expect({ keepTags: [], ...rules }).toEqual({ ...retention, keepTags: untagged });
      expect(isEmptyPolicy(rules)).toBe(untagged.length === 0 && !daily);
      expect({ timeZone, protection }).toEqual({ timeZone: 'Europe/Berlin', protection: DEFAULT_PROTECTION });
      return isEmptyPolicy(rules);
    },
    0.2,
  );
});

test('a hold pins until its time, and for good when that cannot be read', { timeout: 60_000 }, () => {
  const until = fc.oneof(
    fc.constantFrom('soon', NOW),
    fc.integer({ min: -9, max: 9 }).map((ms) => new Date(Date.parse(NOW) + ms).toISOString()),
  );
  holds(
    fc.array(until, { maxLength: 3 }),
    (untils) => {
      const goesOn = untils.some((text) => text === 'soon' || text > NOW);
      expect(isHeld({ holds: untils.map((until) => ({ by: 'alice', until, reason: '' })) }, NOW)).toBe(goesOn);
      return goesOn;
    },
    0.2,
  );
});

test('a copy stays so many days after it was complete, or last worked on; for ever, if that is how many there are', {
  timeout: 60_000,
}, () => {
  holds(
    fc.record({ copy, days: fc.oneof(fc.integer({ min: 1, max: 4_000 }), fc.constant(2 ** 53 - 1)) }),
    ({ copy, days }) => {
      const fromMs = Date.parse(copy.completedAt ?? copy.at);
      expect(Date.parse(copyRemovableAt(copy, days))).toBe(Math.min(fromMs + days * DAY_MS, 8.64e15));
      return true;
    },
    0.2,
  );
});
