import { type PlanInput, planRetention, type RetentionPlan } from '../../../src/domain/retention/plan.ts';
import { DEFAULT_PROTECTION, type Protection, type RetentionRules } from '../../../src/domain/retention/policy.ts';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';

export const DAY_MS = 24 * 3_600_000;

/** A brake that lets everything pass. */
export const NO_BRAKE = { maxDeletesPerRun: 1_000_000, maxDeleteShare: 1 };

/** A digest that shows what was digested. */
export const hash = (text: string): string => `#${text}`;

/** A backup whose id is its time. */
export const backup = (takenAt: string, fields: Partial<RetainedBackup> = {}): RetainedBackup => ({
  id: takenAt,
  takenAt,
  proof: 'L2',
  ...fields,
});

/** Nights back from a newest one, newest first, one every 24 hours. */
export const nights = (newest: string, count: number): RetainedBackup[] =>
  Array.from({ length: count }, (_, night) => backup(new Date(Date.parse(newest) - night * DAY_MS).toISOString()));

type Given = Partial<Omit<PlanInput, 'policy'>> & { rules?: RetentionRules; timeZone?: string; protection?: Partial<Protection> };

/** Plans with a policy of defaults, an hour after the newest night of February 8, without a brake. */
export function planOf({ rules = { last: 3 }, timeZone = 'UTC', protection = {}, ...input }: Given): RetentionPlan {
  return planRetention({
    policy: { rules, timeZone, protection: { ...DEFAULT_PROTECTION, ...NO_BRAKE, ...protection } },
    backups: nights('2026-02-08T02:00:00.000Z', 6),
    now: '2026-02-08T03:00:00Z',
    hash,
    ...input,
  });
}

export const keptIds = (decisions: RetentionPlan['decisions']): string[] => decisions.filter(({ keep }) => keep).map(({ id }) => id);
export const forgottenIds = (decisions: RetentionPlan['decisions']): string[] => decisions.filter(({ keep }) => !keep).map(({ id }) => id);
