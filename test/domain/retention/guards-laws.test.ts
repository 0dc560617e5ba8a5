import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Guard, ListingFacts } from '../../../src/domain/retention/guards.ts';
import { decideMarks } from '../../../src/domain/retention/marks.ts';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';
import { type Case, countedOn, mixedCases, newestFirst, planOf } from './arbitraries.ts';
import { holds } from './law.ts';

const FINE: ListingFacts = { complete: true, malformed: [], disagreeing: [], unreliable: [], clockSkewMs: 0 };
const TOLERATED_MS = 5 * 60_000;

/** A case with what storage said of it; `ids` are those that the refusal has to name. */
type Listed = Case & Readonly<{ listing: ListingFacts; ids: readonly string[] }>;

/** Something that must stop all deletion, done to a case that nothing is wrong with. */
type Spoiling = (given: Listed) => Listed;

const names = fc.subarray(['mhsm-x-1', 'mhsm-x-2', 'mhsm-x-3', 'mhsm-x-4'], { minLength: 1 });
const after = (at: string, ms: number): string => new Date(Date.parse(at) + ms).toISOString();
const saying = (given: Listed, facts: Partial<ListingFacts>, ids: readonly string[] = []): Listed => ({
  ...given,
  listing: { ...given.listing, ...facts },
  ids,
});
const adding = (given: Listed, added: RetainedBackup): Listed => ({ ...given, backups: [...given.backups, added], ids: [added.id] });
const notProven = fc.constantFrom<Pick<RetainedBackup, 'proof' | 'status'>>(
  { proof: 'L0' },
  { proof: 'L0', status: 'unrecorded' },
  { proof: 'L3', status: 'failed' },
  { proof: 'L1', status: 'partial' },
  { proof: 'L2', status: 'running' },
);

/** What each guard is there for, in the order in which they speak. */
const SPOILED: Readonly<Record<Exclude<Guard, 'brake'>, fc.Arbitrary<Spoiling>>> = {
  'empty-policy': fc.constantFrom({}, { last: 0, yearly: 0 }, { within: '0d', keepTags: [] }).map(
    (rules): Spoiling =>
      (given) => ({ ...given, policy: { ...given.policy, rules }, ids: [] }),
  ),
  'incomplete-listing': fc.constant((given) => saying(given, { complete: false })),
  'malformed-name': names.map(
    (malformed): Spoiling =>
      (given) =>
        saying(given, { malformed }, malformed),
  ),
  'records-disagree': names.map(
    (disagreeing): Spoiling =>
      (given) =>
        saying(given, { disagreeing }, disagreeing),
  ),
  'clock-skew': fc
    .oneof(
      fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY),
      fc.integer({ min: TOLERATED_MS + 1 }),
      fc.integer({ max: -TOLERATED_MS - 1 }),
    )
    .map(
      (clockSkewMs): Spoiling =>
        (given) =>
          saying(given, { clockSkewMs }),
    ),
  'duplicate-id': fc.nat().map(
    (pick): Spoiling =>
      (given) => {
        const [like] = given.backups.slice(pick % given.backups.length);
        return like ? adding(given, { ...like, takenAt: after(like.takenAt, -pick) }) : given;
      },
  ),
  'unreadable-time': fc.constantFrom('', 'tonight', '2026-13-01T00:00:00Z').map(
    (takenAt): Spoiling =>
      (given) =>
        adding(given, { id: 'unreadable', takenAt, proof: 'L0' }),
  ),
  'future-backup': fc.record({ ms: fc.integer({ min: TOLERATED_MS + 1, max: 1e14 }), kind: notProven }).map(
    ({ ms, kind }): Spoiling =>
      (given) =>
        adding(given, { id: 'future', takenAt: after(given.now, ms), ...kind }),
  ),
  'newest-unproven': notProven.map(
    (kind): Spoiling =>
      (given) =>
        adding(given, { id: 'newer', takenAt: after(countedOn(given)[0]?.takenAt ?? given.now, 1), ...kind }),
  ),
  floor: fc.integer({ min: 1, max: 9 }).map(
    (more): Spoiling =>
      (given) => {
        const proven = countedOn(given).map(({ id }) => id);
        const protection = { ...given.policy.protection, floor: proven.length + more };
        return { ...given, policy: { ...given.policy, protection }, ids: proven };
      },
  ),
};
const IN_ORDER = Object.keys(SPOILED) as (keyof typeof SPOILED)[];

/** Nothing is wrong with them, and their newest is not so late that one after it would be from the future. */
const sound = mixedCases.map((given): Listed => ({ ...given, listing: FINE, ids: [] }));
const isSound = (given: Listed): boolean =>
  given.backups.length > 0 &&
  planOf(given).refused === null &&
  given.backups.every(({ takenAt }) => Date.parse(takenAt) <= Date.parse(given.now));

function expectRefused(given: Listed, guard: Guard): void {
  const plan = planOf(given);
  expect(plan.refused).toMatchObject({ guard, message: expect.stringMatching(/\.$/), hint: expect.stringMatching(/\.$/) });
  expect(plan.decisions.map(({ id }) => id)).toEqual(newestFirst(given.backups).map(({ id }) => id));
  for (const { keep, reasons } of plan.decisions) expect({ keep, reasons }).toEqual({ keep: true, reasons: [`refused: ${guard}`] });
  expect(decideMarks(plan, given.backups, 'delete', 0)).toEqual({ mark: [], lift: [], waiting: [], prune: [] });
}

describe('whatever else is so, nothing is deleted, no mark is changed, and the guard says why', { timeout: 120_000 }, () => {
  test.each(IN_ORDER)('%s', (guard) => {
    holds(
      fc.record({ given: sound, spoil: SPOILED[guard] }),
      ({ given, spoil }) => {
        if (!isSound(given)) return false;
        const spoiled = spoil(given);
        expectRefused(spoiled, guard);
        expect(planOf(spoiled).refused?.ids.toSorted()).toEqual(spoiled.ids.toSorted());
        return true;
      },
      0.2,
    );
  });

  test('a time that cannot be read is as bad as a wrong clock', () => {
    holds(
      sound,
      (given) => {
        if (!isSound(given)) return false;
        expectRefused({ ...given, now: 'soon' }, 'clock-skew');
        return true;
      },
      0.1,
    );
  });

  test('of several, the first in order', () => {
    const two = fc.subarray(IN_ORDER, { minLength: 2, maxLength: 2 });
    const spoilt = two.chain(([first, second]) =>
      fc.record({ first: fc.constant(first), one: SPOILED[first ?? 'floor'], other: SPOILED[second ?? 'floor'] }),
    );
    holds(
      fc.record({ given: sound, spoilt }),
      ({ given, spoilt: { first = 'floor', one, other } }) => {
        if (!isSound(given)) return false;
        expectRefused(other(one(given)), first);
        return true;
      },
      0.5,
    );
  });
});

test('what is tolerated stops nothing: a backup or a clock up to five minutes off', { timeout: 60_000 }, () => {
  const off = fc.oneof(fc.constantFrom(TOLERATED_MS, 0), fc.integer({ min: 0, max: TOLERATED_MS }));
  holds(
    fc.record({ given: sound, off, behind: fc.boolean() }),
    ({ given, off, behind }) => {
      if (!isSound(given)) return false;
      const early: RetainedBackup = { id: 'early', takenAt: after(given.now, off), proof: 'L3' };
      const skewed = saying(given, { clockSkewMs: behind ? -off : off });
      expect(planOf({ ...skewed, backups: [...given.backups, early] }).refused).toBeNull();
      return true;
    },
    0.5,
  );
});

test('a newer backup that is hashed and waits for its level stops nothing, and stays', { timeout: 60_000 }, () => {
  holds(
    sound,
    (given) => {
      const policy = { ...given.policy, protection: { ...given.policy.protection, countsFrom: 'L2' as const } };
      if (!isSound({ ...given, policy })) return false;
      const waiting: RetainedBackup = { id: 'waiting', takenAt: given.now, proof: 'L1' };
      const plan = planOf({ ...given, policy, backups: [...given.backups, waiting] });
      expect(plan.refused).toBeNull();
      expect(plan.decisions.find(({ id }) => id === 'waiting')?.keep).toBe(true);
      return true;
    },
    0.5,
  );
});

test('as many proven backups as the floor are enough', { timeout: 60_000 }, () => {
  holds(
    sound,
    (given) => {
      if (!isSound(given)) return false;
      const protection = { ...given.policy.protection, floor: countedOn(given).length };
      expect(planOf({ ...given, policy: { ...given.policy, protection } }).refused).toBeNull();
      return true;
    },
    0.2,
  );
});
