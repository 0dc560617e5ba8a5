import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planByRules } from '../../../src/domain/retention/plan.ts';
import { COUNT_RULES, type RetentionRules } from '../../../src/domain/retention/policy.ts';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';
import { type Case, mixedCases, newestFirst, planOf, provenCases } from './arbitraries.ts';
import { holds } from './law.ts';
import { naiveReasons } from './naive-rules.ts';

/** Nothing is held, so that the rules see it all. */
const free = (backups: readonly RetainedBackup[]): RetainedBackup[] =>
  newestFirst(backups.map(({ holds: _1, inUseBy: _2, safetyUntil: _3, ...backup }) => backup));

const decideByRules = ({ policy, backups, now }: Case) => planByRules(policy, backups, now);

describe('the rules', { timeout: 60_000 }, () => {
  test('keep what a second, slow reading of restic’s keeps, for the same reasons, in every zone', () => {
    holds(provenCases, ({ backups, ...rest }) => {
      const inOrder = free(backups);
      const { rules, timeZone } = rest.policy;
      const reference = inOrder.find(({ takenAt }) => Date.parse(takenAt) <= Date.parse(rest.now))?.takenAt;
      const expected = naiveReasons(rules, timeZone, inOrder, reference === undefined ? undefined : Date.parse(reference));
      expect(decideByRules({ ...rest, backups: inOrder }).map(({ id, keep, reasons }) => ({ id, keep, reasons }))).toEqual(
        inOrder.map(({ id }, index) => {
          const reasons = expected[index] ?? [];
          return { id, keep: reasons.length > 0, reasons: reasons.length > 0 ? reasons : ['no rule keeps it'] };
        }),
      );
      return expected.some((reasons) => reasons.length === 0);
    });
  });

  test('are the only word of a plan by the rules alone: proof, age and marks say nothing, and a hold keeps beside them', () => {
    holds(
      mixedCases,
      (example) => {
        const plain = free(example.backups).map(({ status: _1, markedAt: _2, ...backup }): RetainedBackup => ({ ...backup, proof: 'L3' }));
        const decisions = decideByRules({ ...example, backups: free(example.backups) });
        expect(decisions).toEqual(decideByRules({ ...example, backups: plain }));
        const [pick] = free(example.backups).filter(({ id }) => decisions.some((decision) => decision.id === id && !decision.keep));
        if (!pick) return false;
        const until = '2030-01-01T00:00:00Z';
        const held = free(example.backups).map((backup) => (backup.id === pick.id ? { ...backup, holds: [{ until }] } : backup));
        const beside = decideByRules({ ...example, backups: held });
        expect(beside.find(({ id }) => id === pick.id)).toEqual({ id: pick.id, keep: true, reasons: [`held until ${until}`] });
        return true;
      },
      0.5,
    );
  });

  test('count down by one for each backup that they keep, and not at all when they keep everything', () => {
    holds(
      provenCases,
      ({ backups, ...rest }) => {
        const { rules } = rest.policy;
        const used = (decisions: ReturnType<typeof decideByRules>, rule: string): number =>
          decisions.flatMap(({ reasons }) => reasons).filter((reason) => reason.endsWith(`${rule} snapshot`)).length;
        const decisions = decideByRules({ ...rest, backups: free(backups) });
        for (const [index, { keep, left }] of decisions.entries()) {
          const on = COUNT_RULES.filter((rule) => (rules[rule] ?? 0) !== 0);
          const expected = on.map((rule) => {
            const count = rules[rule] ?? 0;
            return [rule, count === -1 ? -1 : count - used(decisions.slice(0, index + 1), rule)];
          });
          expect(left).toEqual(keep ? Object.fromEntries(expected) : undefined);
        }
        return decisions.some(({ left }) => left && Object.keys(left).length > 0);
      },
      0.5,
    );
  });
});

test('a policy of which nothing is on keeps everything, and only such a one is called empty', { timeout: 60_000 }, () => {
  const nothing: fc.Arbitrary<RetentionRules> = fc.record(
    {
      ...{ last: fc.constant(0), hourly: fc.constant(0), daily: fc.constant(0), weekly: fc.constant(0), yearly: fc.constant(0) },
      ...{ within: fc.constant('0d'), withinHourly: fc.constant('0h'), withinYearly: fc.constant('0y0m0d') },
      keepTags: fc.constant([]),
    },
    { requiredKeys: [] },
  );
  const something = fc.oneof<fc.Arbitrary<RetentionRules>[]>(
    fc.record({ rule: fc.constantFrom(...COUNT_RULES), count: fc.constantFrom(-1, 1, 9) }).map(({ rule, count }) => ({ [rule]: count })),
    fc
      .record({
        rule: fc.constantFrom('within', 'withinHourly', 'withinDaily', 'withinWeekly', 'withinMonthly', 'withinYearly'),
        span: fc.constantFrom('1h', '1d', '1m', '1y'),
      })
      .map(({ rule, span }) => ({ [rule]: span })),
    fc.constant({ keepTags: [['a']] }),
  );
  holds(
    fc.record({ given: mixedCases, nothing, something, empty: fc.boolean() }),
    ({ given, nothing, something, empty }) => {
      const plan = planOf({ ...given, policy: { ...given.policy, rules: empty ? nothing : { ...nothing, ...something } } });
      expect(plan.refused?.guard === 'empty-policy' && plan.refused.message.startsWith('No rule')).toBe(empty);
      if (empty) expect(plan.decisions.every(({ keep }) => keep)).toBe(true);
      return empty;
    },
    0.5,
  );
});
