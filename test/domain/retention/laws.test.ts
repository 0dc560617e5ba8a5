import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideMarks } from '../../../src/domain/retention/marks.ts';
import { COUNT_RULES } from '../../../src/domain/retention/policy.ts';
import { countedOn, keptOf, mixedCases, planOf, provenCases } from './arbitraries.ts';
import { holds } from './law.ts';

const isWithin =
  (less: ReadonlySet<string>) =>
  (more: ReadonlySet<string>): boolean =>
    [...less].every((id) => more.has(id));

describe('the laws of retention', { timeout: 120_000 }, () => {
  test('1, settled: a plan of what a plan kept forgets nothing', () => {
    holds(mixedCases, (given) => {
      const kept = keptOf(planOf(given));
      const rest = given.backups.filter(({ id }) => kept.has(id));
      expect(keptOf(planOf({ ...given, backups: rest }))).toEqual(kept);
      return kept.size < given.backups.length;
    });
  });

  test('2, monotone: to keep more of one kind never forgets what was kept', () => {
    const raise = fc.record({
      rule: fc.constantFrom(...COUNT_RULES),
      by: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant('all' as const)),
    });
    holds(fc.record({ given: provenCases, raise }), ({ given, raise: { rule, by } }) => {
      const before = given.policy.rules[rule] ?? 0;
      const raised = { ...given.policy.rules, [rule]: by === 'all' || before === -1 ? -1 : before + by };
      // A refused plan keeps all, so it is nothing to compare with.
      const plan = planOf(given);
      if (plan.refused) return false;
      const kept = keptOf(plan);
      expect(keptOf(planOf({ ...given, policy: { ...given.policy, rules: raised } }))).toSatisfy(isWithin(kept));
      return kept.size < given.backups.length;
    });
  });

  test('3, order-free: the order of the list makes no difference, not even between backups of one time', () => {
    const shuffled = mixedCases.chain((given) =>
      fc.record({ given: fc.constant(given), other: fc.shuffledSubarray([...given.backups], { minLength: given.backups.length }) }),
    );
    holds(shuffled, ({ given, other }) => {
      const plan = planOf(given);
      expect(planOf({ ...given, backups: other })).toEqual(plan);
      return keptOf(plan).size < other.length;
    });
  });

  test('4, holds are free: to hold one backup never forgets another', () => {
    holds(fc.record({ given: mixedCases, pick: fc.nat() }), ({ given, pick }) => {
      const { backups } = given;
      const kept = keptOf(planOf(given));
      const holding = backups.map((backup, index) =>
        index === pick % backups.length ? { ...backup, holds: [{ until: '2030-01-01T00:00:00Z' }] } : backup,
      );
      expect(keptOf(planOf({ ...given, backups: holding }))).toSatisfy(isWithin(kept));
      return kept.size < backups.length;
    });
  });

  test('5, floor: whatever the policy, the listing and the clock, the newest proven ones outlive the next run', () => {
    const clock = fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom('2023-02-15T00:00:00Z', '2031-01-01T00:00:00Z', '1970-01-01T00:00:00Z', 'never') },
    );
    const facts = fc.record({
      complete: fc.boolean(),
      malformed: fc.constantFrom([], ['mhsm-x-']),
      disagreeing: fc.constantFrom([], ['b1']),
      unreliable: fc.constantFrom([], ['b1']),
      clockSkewMs: fc.constantFrom(null, 0, 1e9),
    });
    const listing = fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: facts });
    holds(fc.record({ given: mixedCases, clock, listing }), ({ given, clock, listing }) => {
      const backups = given.backups.map((backup) => ({ ...backup, markedAt: '2020-01-01T00:00:00Z' }));
      const plan = planOf({ ...given, backups, now: clock ?? given.now, ...(listing && { listing }) });
      const { prune } = decideMarks(plan, backups, 'delete', 0);
      const newest = countedOn(given).map(({ id }) => id);
      const { floor } = given.policy.protection;
      expect(newest.slice(0, Math.max(1, floor)).filter((id) => prune.includes(id))).toEqual([]);
      if (newest.length < Math.max(1, floor)) expect(prune).toEqual([]);
      return prune.length > 0;
    });
  });

  test('and the promise: nothing is forgotten for which no newer one has reached the level that counts', () => {
    holds(
      mixedCases,
      (given) => {
        const kept = keptOf(planOf(given));
        const forgotten = given.backups.filter(({ id }) => !kept.has(id));
        const stays = countedOn(given).filter(({ id }) => kept.has(id));
        for (const { takenAt } of forgotten)
          expect(
            stays.some((newer) => Date.parse(newer.takenAt) >= Date.parse(takenAt)),
            `newer than ${takenAt}`,
          ).toBe(true);
        return forgotten.length > 0;
      },
      0.5,
    );
  });

  test('6, skew: one backup from the future or of no readable time, and nothing is deleted', () => {
    const intruder = fc.constantFrom(
      '5 minutes and a bit',
      '2031-01-01T00:00:00Z',
      '+275760-09-13T00:00:00.000Z',
      '',
      '2026-13-01T00:00:00Z',
    );
    const place = fc.nat();
    holds(fc.record({ given: mixedCases, intruder, place }), ({ given, intruder, place }) => {
      const { now, backups } = given;
      const takenAt = intruder.startsWith('5') ? new Date(Date.parse(now) + 5 * 60_000 + 1).toISOString() : intruder;
      const like = backups[place % Math.max(1, backups.length)] ?? { proof: 'L1' as const };
      const skewed = backups.toSpliced(place % (backups.length + 1), 0, { ...like, id: 'intruder', takenAt });
      const plan = planOf({ ...given, backups: skewed });
      expect(plan.refused).not.toBeNull();
      expect(keptOf(plan).size).toBe(skewed.length);
      expect(decideMarks(plan, skewed, 'delete', 0).prune).toEqual([]);
      return keptOf(planOf(given)).size < backups.length;
    });
  });
});
