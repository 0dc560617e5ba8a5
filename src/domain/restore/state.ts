import type { RestoreDecision } from './decision.ts';
import type { RestorePlan } from './plan.ts';

export const RESTORE_STATES = ['planned', 'approved', 'rejected', 'expired', 'executing', 'done'] as const;
export type RestoreState = (typeof RESTORE_STATES)[number];

/**
 * How a plan stands. A run that waits for approval has not begun to execute.
 *
 * @param run Its execution, as far as there is one.
 * @param now ISO 8601 UTC.
 */
export function restoreState(
  { expiresAt }: Pick<RestorePlan, 'expiresAt'>,
  decision: Pick<RestoreDecision, 'verdict'> | undefined,
  run: Readonly<{ ended: boolean }> | undefined,
  now: string,
): RestoreState {
  if (decision?.verdict === 'rejected') return 'rejected';
  if (!decision && now > expiresAt) return 'expired';
  if (run?.ended) return 'done';
  if (!decision) return 'planned';
  if (run) return 'executing';
  return now > expiresAt ? 'expired' : 'approved';
}
