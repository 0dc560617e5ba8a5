/** How long an orchestration waits between looks, and for how many looks. All times in milliseconds. */
export type Waiting = Readonly<{ firstMs: number; growth: number; longestMs: number; looks: number }>;

/** Polling a job: begins with the service's own Retry-After, about three hours in all. */
export const JOB_POLLS: Waiting = { firstMs: 10_000, growth: 1.5, longestMs: 300_000, looks: 40 };

/** A step that fails is repeated, for an outage that passes: about three minutes. */
export const REPEATS: Waiting = { firstMs: 2_000, growth: 2, longestMs: 60_000, looks: 7 };

/** A service takes no more requests for now: about a quarter of an hour. */
export const THROTTLE_WAITS: Waiting = { firstMs: 2_000, growth: 1.6, longestMs: 60_000, looks: 20 };

/** Much is under way: a look every second; less often where what is under way takes long. */
export const DISPATCH_LOOKS: Waiting = { firstMs: 1_000, growth: 1.5, longestMs: 300_000, looks: 100 };

/** Someone else works on the HSM: about an hour and a half. */
export const BUSY_WAITS: Waiting = { firstMs: 10_000, growth: 1.6, longestMs: 600_000, looks: 16 };

/** Another run holds the lock: about two hours. */
export const LOCK_WAITS: Waiting = { firstMs: 10_000, growth: 1.6, longestMs: 600_000, looks: 18 };

/** A listing that still changes: about six minutes. */
export const SETTLE_WAITS: Waiting = { firstMs: 2_000, growth: 2, longestMs: 120_000, looks: 8 };

/** Another person has to approve: until the plan expires, which takes fewer looks. Their word is announced; a look only makes up for a lost one. */
export const APPROVAL_WAITS: Waiting = { firstMs: 30_000, growth: 2, longestMs: 1_800_000, looks: 20 };

/** Another app takes a backup: about four hours. */
export const SAFETY_WAITS: Waiting = { firstMs: 60_000, growth: 1.6, longestMs: 1_800_000, looks: 14 };

/**
 * The wait before look `n`.
 *
 * @param n Counts from 0.
 * @param firstMs Replaces the first wait, as when a service said `Retry-After`.
 */
export function waitMs({ firstMs, growth, longestMs }: Waiting, n: number, first = firstMs): number {
  return Math.round(Math.min(first * growth ** n, longestMs));
}

/** How long all of it takes, in milliseconds. */
export const patienceMs = (waiting: Waiting): number =>
  Array.from({ length: waiting.looks }, (_, look) => waitMs(waiting, look)).reduce((sum, ms) => sum + ms, 0);

/**
 * The same patience with fewer looks: the deadline stays. The longest waits become longer, and only where that does not do, all of them, because
 * most of what is waited for ends early.
 *
 * @param looks How many there may be; at least 2. More than there are change nothing.
 */
export function stretched(waiting: Waiting, looks: number): Waiting {
  if (looks >= waiting.looks) return waiting;
  const deadlineMs = patienceMs(waiting);
  const endless = { ...waiting, longestMs: deadlineMs, looks };
  const doesIt = patienceMs(endless) >= deadlineMs;
  for (let factor = 1; ; factor *= 1.02) {
    const longer = doesIt ? { ...waiting, longestMs: waiting.longestMs * factor, looks } : { ...endless, growth: waiting.growth * factor };
    if (patienceMs(longer) >= deadlineMs) return longer;
  }
}
