import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';
import { countedOn, mixedCases, planOf } from './arbitraries.ts';
import { holds } from './law.ts';
import { DAY_MS } from './support.ts';

const isFailed = ({ status }: RetainedBackup): boolean => status === 'failed' || status === 'partial';

/** What is not counted on, in a plan that may delete. */
const outsidersOf = (given: Parameters<typeof planOf>[0]): RetainedBackup[] => {
  const proven = new Set(countedOn(given).map(({ id }) => id));
  return given.backups.filter(({ id }) => !proven.has(id));
};

test('what is not counted on stays, except for what failed, was pinned by nobody, and is older than its days', { timeout: 120_000 }, () => {
  const failed = fc.record({
    status: fc.constantFrom('failed' as const, 'partial' as const),
    beside: fc.constantFrom(-1, 0, 1, DAY_MS),
  });
  holds(fc.record({ given: mixedCases, failed }), ({ given, failed: { status, beside } }) => {
    const { now, policy } = given;
    const { failedKeepDays, countsFrom } = policy.protection;
    // One that is just as old as failed ones get, or a millisecond younger or older.
    const takenAt = new Date(Date.parse(now) - failedKeepDays * DAY_MS - beside).toISOString();
    const backups: RetainedBackup[] = [...given.backups, { id: 'failed', takenAt, proof: 'L0', status }];
    const plan = planOf({ ...given, backups });
    if (plan.refused) return false;

    const reasonsOf = new Map(plan.decisions.map((decision) => [decision.id, decision]));
    for (const backup of outsidersOf({ ...given, backups })) {
      const { keep, reasons } = reasonsOf.get(backup.id) ?? { keep: undefined, reasons: [] };
      const isOver = isFailed(backup) && Date.parse(now) - Date.parse(backup.takenAt) > failedKeepDays * DAY_MS;
      const isPinned = reasons.some((reason) => /^(held|in use|safety)/.test(reason));
      expect(keep).toBe(!isOver || isPinned);
      if (isOver && isPinned) continue;
      expect(reasons[0]).toBe(
        isFailed(backup)
          ? `${backup.status}, ${isOver ? 'older than' : 'kept for'} ${failedKeepDays} days`
          : backup.status === 'running'
            ? 'still being taken'
            : backup.status === 'unrecorded'
              ? 'not recorded here: stays unless adopted'
              : `proof ${backup.proof} is below ${countsFrom}: outside the policy`,
      );
    }
    return reasonsOf.get('failed')?.keep === false;
  });
});

test('what is not counted on changes nothing for what is', { timeout: 120_000 }, () => {
  holds(
    mixedCases,
    (given) => {
      const plan = planOf(given);
      if (plan.refused) return false;
      const proven = countedOn(given);
      const alone = planOf({ ...given, backups: proven });
      expect(plan.decisions.filter(({ id }) => proven.some((backup) => backup.id === id))).toEqual(alone.decisions);
      return proven.length < given.backups.length;
    },
    0.5,
  );
});

test('what failed never goes while nothing is proven', { timeout: 120_000 }, () => {
  holds(
    mixedCases,
    (given) => {
      const protection = { ...given.policy.protection, floor: 0 };
      const unproven = outsidersOf(given);
      const { decisions } = planOf({ ...given, policy: { ...given.policy, protection }, backups: unproven });
      expect(decisions.every(({ keep }) => keep)).toBe(true);
      return unproven.some(isFailed);
    },
    0.5,
  );
});
