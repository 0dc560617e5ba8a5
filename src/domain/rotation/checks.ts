import { jitterMinutes } from '../schedule.ts';
import { MINUTE_MS } from './duration.ts';
import { isEscrowName } from './escrow.ts';
import { type ListedSecret, type SweepItem, targetOf } from './sweep.ts';
import { parseManagement } from './tags.ts';

/** A secret with which there is nothing to do: see whether what is published works, and change nothing if it does. */
export type CheckItem = Omit<SweepItem, 'reason' | 'action'> & Readonly<{ reason: 'sample'; action: 'check' }>;

/** How often a secret is checked where the configuration does not say. */
export const DEFAULT_CHECK_DAYS = 7;

/** What a sweep begins. */
export type WorkItem = SweepItem | CheckItem;

/**
 * Chooses the secrets that are checked in this look: managed, with a target to try their value on, and none of those with which there is
 * something to do. Each has its turn once in the interval, at an hour that follows from its name, so nothing has to be remembered.
 *
 * @param busy What the sweep takes up otherwise.
 * @param now ISO 8601 UTC.
 * @param lookMs Time since the look before this one; null: nobody looked before.
 * @param everyMs How often each is checked; 0: never.
 */
export function planChecks(
  secrets: readonly ListedSecret[],
  busy: readonly SweepItem[],
  now: string,
  lookMs: number | null,
  everyMs: number,
): CheckItem[] {
  if (lookMs === null || everyMs === 0) return [];
  const names = new Set(busy.map(({ name }) => name));
  return secrets
    .filter(({ name, enabled }) => enabled && !names.has(name) && !isEscrowName(name) && isTurnOf(name, now, lookMs, everyMs))
    .flatMap(({ name, tags }): CheckItem[] => {
      const parsed = parseManagement(tags);
      if (parsed.status === 'unmanaged' || parsed.management.target === '') return [];
      // No canary: what it finds says nothing of how a rotation would go.
      return [{ name, reason: 'sample', action: 'check', deadlineAt: now, target: targetOf(parsed.management), isFleet: false }];
    });
}

/** Whether its turn has come since the look before. */
function isTurnOf(name: string, now: string, lookMs: number, everyMs: number): boolean {
  const turnMs = jitterMinutes(name, everyMs / MINUTE_MS - 1) * MINUTE_MS;
  return (Date.parse(now) - turnMs) % everyMs < lookMs;
}
