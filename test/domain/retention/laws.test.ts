import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideMarks } from '../../../src/domain/retention/marks.ts';
import { type PlanInput, planByRules, planRetention } from '../../../src/domain/retention/plan.ts';
import { COUNT_RULES, DEFAULT_PROTECTION, type RetentionPolicy, type RetentionRules } from '../../../src/domain/retention/policy.ts';
import { isCandidate, type RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';
import { naiveReasons } from './naive-rules.ts';
import { hash, NO_BRAKE } from './support.ts';

/** `npm run soak` has ten thousand; its mutation runs do with fewer. */
const RUNS = { numRuns: Number(process.env['HSMKEEP_LAW_CASES'] ?? 1_000) };
/** Beside the six laws. */
const FEWER_RUNS = { numRuns: RUNS.numRuns / 4 };
const NOW = '2026-04-01T12:00:00Z';
const HOUR_MS = 3_600_000;

/** Up to 100 days before now, by the hour so that days, hours and instants coincide, or a millisecond beside it. */
const takenAt = fc
  .tuple(fc.integer({ min: 1, max: 2400 }), fc.constantFrom(0, 0, 0, 1))
  .map(([hours, ms]) => new Date(Date.parse(NOW) - hours * HOUR_MS + ms).toISOString());

const tags = fc.subarray(['a', 'b']);
const until = fc.constantFrom('2026-03-31T00:00:00Z', '2026-05-01T00:00:00Z');

const proven = fc.record<Omit<RetainedBackup, 'id'>, 'takenAt' | 'proof'>(
  {
    takenAt,
    proof: fc.constantFrom('L1', 'L2', 'L3'),
    tags,
    holds: fc.array(
      until.map((time) => ({ until: time })),
      { maxLength: 1 },
    ),
  },
  { requiredKeys: ['takenAt', 'proof'] },
);
const anyKind = fc.record<Omit<RetainedBackup, 'id'>, 'takenAt' | 'proof'>(
  {
    takenAt,
    proof: fc.constantFrom('L0', 'L1', 'L2', 'L3c', 'L3'),
    status: fc.constantFrom('complete', 'failed', 'partial', 'running', 'unrecorded'),
    tags,
    inUseBy: fc.constant('restore-1'),
    safetyUntil: until,
    markedAt: takenAt,
  },
  { requiredKeys: ['takenAt', 'proof'] },
);
const numbered = (backups: readonly Omit<RetainedBackup, 'id'>[]): RetainedBackup[] =>
  backups.map((backup, id) => ({ ...backup, id: `b${id}` }));
/** The newest one is proven, or a plan of these would be refused more often than not. */
const newest = fc.constant({ takenAt: '2026-04-01T11:59:00.000Z', proof: 'L3' as const });
const listOf = (older: fc.Arbitrary<Omit<RetainedBackup, 'id'>>): fc.Arbitrary<RetainedBackup[]> =>
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.tuple(newest, fc.array(older, { minLength: 3, maxLength: 20 })).map(([first, rest]) => numbered([...rest, first])),
    },
    { weight: 1, arbitrary: fc.array(older, { maxLength: 5 }).map(numbered) },
  );
const provenOnes = listOf(proven);
const mixedOnes = listOf(fc.oneof({ weight: 3, arbitrary: proven }, { weight: 1, arbitrary: anyKind }));

const count = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 6 }) }, { weight: 1, arbitrary: fc.constant(-1) });
const span = fc.constantFrom('0d', '36h', '3d', '2d5h', '14d', '1m', '1m3d');
const rules: fc.Arbitrary<RetentionRules> = fc.record(
  {
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    within: span,
    withinHourly: span,
    withinDaily: span,
    withinWeekly: span,
    withinMonthly: span,
    withinYearly: span,
    keepTags: fc.array(fc.subarray(['a', 'b', ''], { minLength: 1 }), { maxLength: 1 }),
  },
  { requiredKeys: [] },
);
const sparseRules: fc.Arbitrary<RetentionRules> = rules.chain((all) =>
  fc
    .subarray(Object.keys(all), { maxLength: 3 })
    .map((some) => Object.fromEntries(Object.entries(all).filter(([rule]) => some.includes(rule)))),
);
const policy: fc.Arbitrary<RetentionPolicy> = fc.record({
  rules: sparseRules,
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'),
  protection: fc
    .record({ countsFrom: fc.constantFrom('L1' as const, 'L2' as const), floor: fc.integer({ min: 0, max: 3 }) })
    .map((some) => ({ ...DEFAULT_PROTECTION, ...NO_BRAKE, ...some })),
});

const planOf = (input: Pick<PlanInput, 'policy' | 'backups'> & Partial<PlanInput>) => planRetention({ now: NOW, hash, ...input });
const keptOf = (plan: ReturnType<typeof planOf>): Set<string> => new Set(plan.decisions.filter(({ keep }) => keep).map(({ id }) => id));

/** Runs a law, and makes sure that the random plans it looked at deleted something often enough to mean anything. */
function holds<T>(cases: fc.Arbitrary<T>, law: (example: T) => { deleted: boolean }, { numRuns } = RUNS): void {
  let deleting = 0;
  fc.assert(
    fc.property(cases, (example) => {
      if (law(example).deleted) deleting++;
    }),
    { numRuns },
  );
  expect(deleting).toBeGreaterThan(numRuns / 6);
}

describe('the laws of retention', { timeout: 60_000 }, () => {
  test('1, settled: a plan of what a plan kept forgets nothing', () => {
    holds(fc.record({ policy, backups: mixedOnes }), ({ policy, backups }) => {
      const kept = keptOf(planOf({ policy, backups }));
      const rest = backups.filter(({ id }) => kept.has(id));
      expect(keptOf(planOf({ policy, backups: rest }))).toEqual(kept);
      return { deleted: kept.size < backups.length };
    });
  });

  test('2, monotone: to keep more of one kind never forgets what was kept', () => {
    const raise = fc.record({
      rule: fc.constantFrom(...COUNT_RULES),
      by: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant('all' as const)),
    });
    holds(fc.record({ policy, backups: provenOnes, raise }), ({ policy, backups, raise: { rule, by } }) => {
      const before = policy.rules[rule] ?? 0;
      const raised = { ...policy, rules: { ...policy.rules, [rule]: by === 'all' || before === -1 ? -1 : before + by } };
      // A refused plan keeps all, so it is nothing to compare with.
      const plan = planOf({ policy, backups });
      const kept = plan.refused ? new Set<string>() : keptOf(plan);
      expect(keptOf(planOf({ policy: raised, backups }))).toSatisfy((more: Set<string>) => [...kept].every((id) => more.has(id)));
      return { deleted: !plan.refused && kept.size < backups.length };
    });
  });

  test('3, order-free: the order of the list makes no difference, not even between backups of one time', () => {
    const shuffled = mixedOnes.chain((backups) =>
      fc.record({ backups: fc.constant(backups), other: fc.shuffledSubarray(backups, { minLength: backups.length }) }),
    );
    holds(fc.record({ policy, lists: shuffled }), ({ policy, lists: { backups, other } }) => {
      const plan = planOf({ policy, backups });
      expect(planOf({ policy, backups: other })).toEqual(plan);
      return { deleted: keptOf(plan).size < backups.length };
    });
  });

  test('4, holds are free: to hold one backup never forgets another', () => {
    holds(fc.record({ policy, backups: mixedOnes, pick: fc.nat() }), ({ policy, backups, pick }) => {
      const kept = keptOf(planOf({ policy, backups }));
      const holding = backups.map((backup, index) =>
        index === pick % backups.length ? { ...backup, holds: [{ until: '2030-01-01T00:00:00Z' }] } : backup,
      );
      expect(keptOf(planOf({ policy, backups: holding }))).toSatisfy((more: Set<string>) => [...kept].every((id) => more.has(id)));
      return { deleted: kept.size < backups.length };
    });
  });

  test('5, floor: whatever the policy, the listing and the clock, the newest proven ones outlive the next run', () => {
    const clock = fc.oneof(
      fc.constant(NOW),
      fc.constantFrom('2026-02-15T00:00:00Z', '2031-01-01T00:00:00Z', '1970-01-01T00:00:00Z', 'never'),
    );
    const listing = fc.oneof(
      { weight: 9, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc.record({
          complete: fc.boolean(),
          malformed: fc.constantFrom([], ['mhsm-x-']),
          disagreeing: fc.constantFrom([], ['b1']),
          unreliable: fc.constantFrom([], ['b1']),
          clockSkewMs: fc.constantFrom(null, 0, 1e9),
        }),
      },
    );
    const marked = mixedOnes.map((backups) => backups.map((backup) => ({ ...backup, markedAt: '2020-01-01T00:00:00Z' })));
    holds(fc.record({ policy, backups: marked, now: clock, listing }), ({ policy, backups, now, listing }) => {
      const plan = planOf({ policy, backups, now, ...(listing && { listing }) });
      const { prune } = decideMarks(plan, backups, 'delete', 0);
      const isProven = (backup: RetainedBackup): boolean => isCandidate(backup, policy.protection.countsFrom);
      const newest = backups.filter(isProven).sort((a, b) => Date.parse(b.takenAt) - Date.parse(a.takenAt) || (a.id < b.id ? -1 : 1));
      const safe = newest.slice(0, Math.max(1, policy.protection.floor)).map(({ id }) => id);
      expect(safe.filter((id) => prune.includes(id))).toEqual([]);
      if (newest.length < policy.protection.floor) expect(prune).toEqual([]);
      return { deleted: prune.length > 0 };
    });
  });

  test('and the promise: nothing is forgotten for which no newer one has reached the level that counts', () => {
    holds(
      fc.record({ policy, backups: mixedOnes }),
      ({ policy, backups }) => {
        const proven = backups.filter((backup) => isCandidate(backup, policy.protection.countsFrom));
        const kept = keptOf(planOf({ policy, backups }));
        const forgotten = proven.filter(({ id }) => !kept.has(id));
        for (const { takenAt } of forgotten)
          expect(proven.some((newer) => kept.has(newer.id) && Date.parse(newer.takenAt) >= Date.parse(takenAt))).toBe(true);
        return { deleted: forgotten.length > 0 };
      },
      FEWER_RUNS,
    );
  });

  test('6, skew: one backup from the future or of no readable time, and nothing is deleted', () => {
    const intruder = fc.constantFrom(
      '2026-04-01T12:05:00.001Z',
      '2031-01-01T00:00:00Z',
      '+275760-09-13T00:00:00.000Z',
      'tomorrow',
      '',
      '2026-13-01T00:00:00Z',
    );
    holds(
      fc.record({ policy, backups: mixedOnes, intruder, like: anyKind, place: fc.nat() }),
      ({ policy, backups, intruder, like, place }) => {
        const skewed = backups.toSpliced(place % (backups.length + 1), 0, { ...like, id: 'intruder', takenAt: intruder });
        const plan = planOf({ policy, backups: skewed });
        expect(plan.refused).not.toBeNull();
        expect(keptOf(plan).size).toBe(skewed.length);
        expect(decideMarks(plan, skewed, 'delete', 0).prune).toEqual([]);
        return { deleted: keptOf(planOf({ policy, backups })).size < backups.length };
      },
    );
  });

  test('and the rules: they keep what a second, slow reading of restic’s keeps, for the same reasons', () => {
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York');
    holds(
      fc.record({ rules, zone, backups: provenOnes }),
      ({ rules, zone, backups }) => {
        // Durations across changes of the clock have tests of their own.
        const { within: _1, withinHourly: _2, withinDaily: _3, withinWeekly: _4, withinMonthly: _5, withinYearly: _6, ...counts } = rules;
        const asked = zone === 'UTC' ? rules : counts;
        const free = backups.map(({ holds: _, ...backup }) => backup);
        const decisions = planByRules({ rules: asked, timeZone: zone }, free, NOW);
        const inOrder = decisions.map(({ id }) => free.find((backup) => backup.id === id) as RetainedBackup);
        const expected = naiveReasons(asked, zone, inOrder, Date.parse(NOW));
        expect(decisions.map(({ reasons }) => reasons)).toEqual(
          expected.map((reasons) => (reasons.length === 0 ? ['no rule keeps it'] : reasons)),
        );
        return { deleted: expected.some((reasons) => reasons.length === 0) };
      },
      FEWER_RUNS,
    );
  });
});
