import { expect, test } from 'vitest';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';
import { countedOn, mixedCases, planOf } from './arbitraries.ts';
import { holds } from './law.ts';
import { naiveReasons } from './naive-rules.ts';

/** A time that is not known to be over goes on. */
const goesOn = (until: string, now: string): boolean => !(new Date(until) <= new Date(now));

/** In the words that people read. */
function pinsOf({ holds = [], inUseBy, safetyUntil }: RetainedBackup, now: string): string[] {
  const pins: string[] = [];
  for (const { until, by, reason } of holds)
    if (goesOn(until, now)) pins.push(['held until ', until, by ? ` by ${by}` : '', reason ? `: ${reason}` : ''].join(''));
  if (inUseBy) pins.push(`in use by ${inUseBy}`);
  if (safetyUntil && goesOn(safetyUntil, now)) pins.push(`safety backup until ${safetyUntil}`);
  return pins;
}

test('what the rules say of the free ones, what pins one, the newest, the reference and the floor: these keep a proven backup, and nothing else', {
  timeout: 120_000,
}, () => {
  holds(mixedCases, (given) => {
    const { policy, now } = given;
    const { floor } = policy.protection;
    const plan = planOf(given);
    if (plan.refused) return false;

    // Pinned ones use up no count, but the newest of all is what durations reach back from.
    const proven = countedOn(given);
    const free = proven.filter((backup) => pinsOf(backup, now).length === 0);
    const reference = proven.find(({ takenAt }) => Date.parse(takenAt) <= Date.parse(now));
    const byRules = naiveReasons(policy.rules, policy.timeZone, free, reference && Date.parse(reference.takenAt));

    const reaches = Object.entries(policy.rules).some(([rule, span]) => rule.startsWith('within') && /[1-9]/.test(String(span)));
    const expected = proven.map((backup, newer) => {
      const reasons = [
        ...(byRules[free.indexOf(backup)] ?? []),
        ...(newer === 0 ? ['newest proven'] : reaches && backup === reference ? ['newest proven not in the future'] : []),
        ...pinsOf(backup, now),
        ...(newer < floor ? [`floor ${floor}`] : []),
      ];
      return { id: backup.id, keep: reasons.length > 0, reasons: reasons.length > 0 ? reasons : ['no rule keeps it'] };
    });
    const ids = new Set(proven.map(({ id }) => id));
    const decisions = plan.decisions.filter(({ id }) => ids.has(id)).map(({ id, keep, reasons }) => ({ id, keep, reasons }));
    expect(decisions).toEqual(expected);
    return expected.some(({ keep }) => !keep);
  });
});
