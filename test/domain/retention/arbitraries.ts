import fc from 'fast-check';
import { type PlanInput, planRetention, type RetentionPlan } from '../../../src/domain/retention/plan.ts';
import {
  COUNT_RULES,
  DEFAULT_PROTECTION,
  type RetentionPolicy,
  type RetentionRules,
  withinRules,
} from '../../../src/domain/retention/policy.ts';
import { isCandidate, type RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';
import { DAY_MS, hash, NO_BRAKE } from './support.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** A backup list, a policy and a moment; the moment is that of the plan. */
export type Case = Readonly<{ now: string; policy: RetentionPolicy; backups: readonly RetainedBackup[] }>;

/** Zones whose clocks change by an hour, by half an hour, on both sides of the equator, and never. */
export const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'] as const;
export const zone = fc.constantFrom(...ZONES);

/** After changes of the clock in spring and autumn, after a leap day, and in the ISO week that the new year shares with the old. */
export const now = fc.constantFrom('2026-04-01T12:00:00Z', '2026-11-03T07:00:00Z', '2024-03-01T02:00:00Z', '2027-01-02T12:00:00Z');

/**
 * A time seen from now, ms: so that years, days, hours and instants coincide, or a millisecond or some minutes beside it; and just as long ago as
 * `within` reaches back.
 */
const age = fc
  .tuple(
    fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }).map((hours) => hours * HOUR_MS) },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 2_400 }).map((hours) => hours * HOUR_MS) },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 1_200 }).map((days) => days * DAY_MS) },
      { weight: 1, arbitrary: fc.constantFrom(24, 36, 53, 72, 720).map((hours) => hours * HOUR_MS) },
    ),
    fc.constantFrom(0, 0, 0, 1, -1, 20 * MINUTE_MS),
  )
  .map(([ms, beside]) => ms + beside);

/** Up to five minutes ahead, which is tolerated. */
const ahead = fc.constantFrom(-5 * MINUTE_MS, -MINUTE_MS, -1);

/** When a pin ends: long ago, right now, in a millisecond, some day; or nobody can tell. */
const until = fc.constantFrom(30 * DAY_MS, 0, -1, -30 * DAY_MS, 'soon');
const hold = fc.record(
  { until, by: fc.constantFrom('alice', 'restore-a-20260401T120000000Z'), reason: fc.constant('audit') },
  { requiredKeys: ['until'] },
);

/** A backup whose times are seen from now: the age in ms, or a text that is no time. */
type Relative = Readonly<{
  age: number;
  proof: RetainedBackup['proof'];
  status?: RetainedBackup['status'];
  tags?: readonly string[];
  holds?: readonly Readonly<{ until: number | string; by?: string; reason?: string }>[];
  inUseBy?: string;
  safetyUntil?: number | string;
  markedAt?: number | string;
}>;

const tags = fc.subarray(['a', 'b']);
const provenKind = fc.record<Relative, 'age' | 'proof'>(
  { age, proof: fc.constantFrom('L1', 'L2', 'L3c', 'L3'), tags, holds: fc.array(hold, { maxLength: 1 }) },
  { requiredKeys: ['age', 'proof'] },
);
const anyKind = fc.record<Relative, 'age' | 'proof'>(
  {
    age: fc.oneof({ weight: 30, arbitrary: age }, { weight: 1, arbitrary: ahead }),
    proof: fc.constantFrom('L0', 'L1', 'L2', 'L3c', 'L3'),
    status: fc.constantFrom('complete', 'failed', 'partial', 'running', 'unrecorded'),
    tags,
    holds: fc.array(hold, { maxLength: 2 }),
    inUseBy: fc.constant('drill-a-20260401T120000000Z'),
    safetyUntil: until,
    markedAt: fc.constantFrom(30 * DAY_MS, 7 * DAY_MS, 7 * DAY_MS - 1, HOUR_MS, 0, -DAY_MS, 'once'),
  },
  { requiredKeys: ['age', 'proof'] },
);
const mixedKind = fc.oneof({ weight: 3, arbitrary: provenKind }, { weight: 2, arbitrary: anyKind });
/** The newest one is proven, or a plan of these would be refused more often than not. */
const newest = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(0, 0, 1, HOUR_MS) }, { weight: 1, arbitrary: ahead }).map(
  (age): Relative => ({
    age,
    proof: 'L3',
  }),
);

const listOf = (older: fc.Arbitrary<Relative>): fc.Arbitrary<readonly Relative[]> =>
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.tuple(newest, fc.array(older, { minLength: 3, maxLength: 20 })).map(([first, rest]) => [...rest, first]),
    },
    { weight: 1, arbitrary: fc.array(older, { maxLength: 5 }) },
  );

const count = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 6 }) }, { weight: 1, arbitrary: fc.constantFrom(0, -1) });
const span = fc.constantFrom('0d', '0y0m', '24h', '36h', '3d', '2d5h', '30d', '1m', '1m3d', '1y', '1y2m3d4h', '0y2d');
const allRules = fc.record({
  ...{ last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count },
  ...{ within: span, withinHourly: span, withinDaily: span, withinWeekly: span, withinMonthly: span, withinYearly: span },
  keepTags: fc.array(fc.subarray(['a', 'b', '']), { maxLength: 2 }),
});
const RULES = [...COUNT_RULES, 'within', ...withinRules(), 'keepTags'] as const;
/** Few at once, or everything would be kept. */
export const rules: fc.Arbitrary<RetentionRules> = fc
  .record({ all: allRules, some: fc.subarray([...RULES], { minLength: 1, maxLength: 3 }) })
  .map(({ all, some }) => Object.fromEntries(some.map((rule) => [rule, all[rule]])));

/** Without a brake, so that plans delete. */
export const policy: fc.Arbitrary<RetentionPolicy> = fc.record({
  rules,
  timeZone: zone,
  protection: fc
    .record({
      countsFrom: fc.constantFrom('L1' as const, 'L2' as const),
      floor: fc.integer({ min: 0, max: 3 }),
      failedKeepDays: fc.constantFrom(0, 1, 14, 30),
      undoDays: fc.constantFrom(0, 1, 7),
    })
    .map((some) => ({ ...DEFAULT_PROTECTION, ...NO_BRAKE, ...some })),
});

const caseOf = (kind: fc.Arbitrary<Relative>): fc.Arbitrary<Case> =>
  fc.record({ now, policy, list: listOf(kind) }).map(({ now, policy, list }) => ({ now, policy, backups: list.map(absolute(now)) }));

/** Lists of proven backups, some of them held. */
export const provenCases = caseOf(provenKind);
/** Lists of all that a container may hold. */
export const mixedCases = caseOf(mixedKind);

const absolute =
  (now: string) =>
  ({ age, holds, safetyUntil, markedAt, ...rest }: Relative, index: number): RetainedBackup => {
    const time = (seen: number | string): string => (typeof seen === 'string' ? seen : new Date(Date.parse(now) - seen).toISOString());
    return {
      ...rest,
      id: `b${index}`,
      takenAt: time(age),
      ...(holds && { holds: holds.map((hold) => ({ ...hold, until: time(hold.until) })) }),
      ...(safetyUntil !== undefined && { safetyUntil: time(safetyUntil) }),
      ...(markedAt !== undefined && { markedAt: time(markedAt) }),
    };
  };

export const planOf = (input: Case & Partial<PlanInput>): RetentionPlan => planRetention({ hash, ...input });
export const keptOf = (plan: RetentionPlan): Set<string> => new Set(plan.decisions.filter(({ keep }) => keep).map(({ id }) => id));

/** Newest first, before them those of no readable time; those of one time by their names. */
export const newestFirst = (backups: readonly RetainedBackup[]): RetainedBackup[] =>
  backups.toSorted((a, b) => timeOf(b) - timeOf(a) || (a.id < b.id ? -1 : 1));

const timeOf = ({ takenAt }: RetainedBackup): number =>
  Number.isNaN(Date.parse(takenAt)) ? Number.POSITIVE_INFINITY : Date.parse(takenAt);

/** What the policy counts on, newest first. */
export const countedOn = ({ policy, backups }: Case): RetainedBackup[] =>
  newestFirst(backups.filter((backup) => isCandidate(backup, policy.protection.countsFrom)));
