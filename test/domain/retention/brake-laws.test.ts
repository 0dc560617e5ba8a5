import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Approval } from '../../../src/domain/retention/brake.ts';
import { decideMarks } from '../../../src/domain/retention/marks.ts';
import type { Protection } from '../../../src/domain/retention/policy.ts';
import { type Case, countedOn, keptOf, mixedCases, newestFirst, planOf } from './arbitraries.ts';
import { holds } from './law.ts';

type Brake = Pick<Protection, 'maxDeletesPerRun' | 'maxDeleteShare'>;

const brake: fc.Arbitrary<Brake> = fc.record({
  maxDeletesPerRun: fc.integer({ min: 0, max: 8 }),
  maxDeleteShare: fc.constantFrom(0, 0.1, 0.25, 0.5, 0.75, 1),
});
const braked = (given: Case, brake: Brake): Case => ({
  ...given,
  policy: { ...given.policy, protection: { ...given.policy.protection, ...brake } },
});

/** A mark that can be read; what bears one has passed the brake already. */
const isMarked = ({ markedAt }: { markedAt?: string }): boolean => markedAt !== undefined && !Number.isNaN(Date.parse(markedAt));

/** What a plan without a brake would newly forget, newest first. */
function newlyForgotten(given: Case): string[] {
  const kept = keptOf(planOf(given));
  return newestFirst(given.backups.filter((backup) => !kept.has(backup.id) && !isMarked(backup))).map(({ id }) => id);
}

/** Whether a brake has to stop these. */
function isTooMany(given: Case, ids: readonly string[], { maxDeletesPerRun, maxDeleteShare }: Brake): boolean {
  const proven = countedOn(given).filter((backup) => !isMarked(backup));
  const goes = proven.filter(({ id }) => ids.includes(id));
  return ids.length > maxDeletesPerRun || goes.length > maxDeleteShare * proven.length;
}

const approvalOf = (given: Case): Approval | undefined => {
  const { planHash, ids = [] } = planOf(given).refused ?? {};
  return planHash === undefined ? undefined : { planHash, ids };
};

describe('the brake', { timeout: 120_000 }, () => {
  test('stops a plan that newly forgets more than so many, or than that share of what is counted on; it stops no other', () => {
    holds(fc.record({ given: mixedCases, brake }), ({ given, brake }) => {
      const free = planOf(given);
      if (free.refused) return false;
      const forgotten = newlyForgotten(given);
      const plan = planOf(braked(given, brake));
      if (!isTooMany(given, forgotten, brake)) {
        expect(plan).toMatchObject({ refused: null, decisions: free.decisions });
        return forgotten.length > 0;
      }
      expect(plan.refused).toMatchObject({ guard: 'brake', ids: forgotten, planHash: expect.any(String) });
      expect(decideMarks(plan, given.backups, 'delete', 0)).toEqual({ mark: [], lift: [], waiting: [], prune: [] });
      expect(plan.decisions).toEqual(
        free.decisions.map((decision) =>
          decision.keep ? decision : { id: decision.id, keep: true, reasons: [...decision.reasons, 'refused: brake'] },
        ),
      );
      return true;
    });
  });

  test('lets go what somebody approved, when the clock has moved on too, and nothing beyond it', () => {
    holds(fc.record({ given: mixedCases, brake, drop: fc.nat() }), ({ given, brake, drop }) => {
      const stopped = braked(given, brake);
      const approval = approvalOf(stopped);
      if (!approval) return false;
      expect(planOf({ ...stopped, approval })).toMatchObject({ refused: null, decisions: planOf(given).decisions });

      // Consent to all but one of them: that one, and what else is new, is looked at as if nothing was approved.
      const without = newlyForgotten(given)[drop % approval.ids.length] ?? '';
      const rest = { ...given, backups: given.backups.filter(({ id }) => id !== without) };
      const partly = approvalOf(braked(rest, { maxDeletesPerRun: 0, maxDeleteShare: 0 }));
      const none = braked(given, { maxDeletesPerRun: 0, maxDeleteShare: 0 });
      if (!partly) return true;
      const left = newlyForgotten(given).filter((id) => !partly.ids.includes(id));
      expect(planOf({ ...none, approval: partly }).refused?.ids).toEqual(left.length > 0 ? newlyForgotten(given) : undefined);
      return true;
    });
  });

  test('knows an approval by policy and backups: under another policy, or with others added, it is none', () => {
    const other = fc.constantFrom<(given: Case) => Case>(
      (given) => ({ ...given, policy: { ...given.policy, timeZone: given.policy.timeZone === 'UTC' ? 'Europe/Berlin' : 'UTC' } }),
      (given) => ({ ...given, policy: { ...given.policy, protection: { ...given.policy.protection, undoDays: 99 } } }),
      (given) => ({ ...given, policy: { ...given.policy, rules: { ...given.policy.rules, keepTags: [['z']] } } }),
    );
    holds(
      fc.record({ given: mixedCases, brake, other }),
      ({ given, brake, other }) => {
        const stopped = braked(given, brake);
        const approval = approvalOf(stopped);
        if (!approval) return false;
        const changed = other(stopped);
        expect(planOf({ ...changed, approval })).toEqual(planOf(changed));
        expect(planOf({ ...stopped, approval: { ...approval, ids: [...approval.ids, 'b0'] } })).toEqual(planOf(stopped));
        return true;
      },
      0.5,
    );
  });

  test('gives each plan a hash of its own: that of the policy and of what would go', () => {
    holds(
      fc.record({ given: mixedCases, brake }),
      ({ given, brake }) => {
        const { refused } = planOf(braked(given, brake));
        if (refused?.planHash === undefined) return false;
        const text = refused.planHash;
        for (const id of refused.ids) expect(text).toContain(`"${id}"`);
        expect(text).toContain(given.policy.timeZone);
        return true;
      },
      0.2,
    );
  });
});
