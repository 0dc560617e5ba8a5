import { HOUR_MS, later } from './duration.ts';

/** How work on one target went of late: an `x` for each that failed, an `o` for each other, the newest last. */
export type TargetHealth = Readonly<{
  recent: string;
  /** Until then nothing is begun there; null: nothing is wrong. ISO 8601 UTC. */
  openUntil: string | null;
  /** How often in a row the one that was let through failed, too. */
  reopened: number;
}>;

/** `half-open`: one is let through, to see whether the target is well again. */
export type BreakerState = 'closed' | 'open' | 'half-open';

const LOOKS_BACK = 20;
const FAILURES_AT_MOST = 5;
const FIRST_OPEN_MS = HOUR_MS;
const LONGEST_OPEN_MS = 24 * HOUR_MS;

export const HEALTHY: TargetHealth = { recent: '', openUntil: null, reopened: 0 };

export function breakerState({ openUntil }: TargetHealth, now: string): BreakerState {
  if (openUntil === null) return 'closed';
  return now < openUntil ? 'open' : 'half-open';
}

/**
 * Counts how a piece of work ended. After five failures out of the last twenty nothing more is begun for an hour: a wrong admin credential
 * must not break ten thousand secrets one by one. Then one is let through; when that fails, the wait doubles, up to a day.
 */
export function noteOutcome(health: TargetHealth, ok: boolean, now: string): TargetHealth {
  const state = breakerState(health, now);
  // What was under way when the breaker opened tells nothing new.
  if (state === 'open') return health;
  if (state === 'half-open') return ok ? HEALTHY : reopen(health, now);

  const recent = `${health.recent}${ok ? 'o' : 'x'}`.slice(-LOOKS_BACK);
  const failures = recent.split('x').length - 1;
  return { recent, reopened: 0, openUntil: failures >= FAILURES_AT_MOST ? later(now, FIRST_OPEN_MS) : null };
}

function reopen(health: TargetHealth, now: string): TargetHealth {
  const reopened = health.reopened + 1;
  return { ...health, reopened, openUntil: later(now, Math.min(FIRST_OPEN_MS * 2 ** reopened, LONGEST_OPEN_MS)) };
}

/** Whether there is something to remember of a target. */
export const isRemarkable = ({ recent, openUntil }: TargetHealth): boolean => openUntil !== null || recent.includes('x');
