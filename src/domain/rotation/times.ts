import { jitterMinutes } from '../schedule.ts';
import { DAY_MS, HOUR_MS, later, MINUTE_MS } from './duration.ts';
import type { RotationPolicy } from './policy.ts';

/** Key Vault announces near expiry this long before a version expires; nobody can configure it. */
export const NEAR_EXPIRY_MS = 30 * DAY_MS;

/** The sweep looks at a vault once in this time. */
export const LOOK_MS = HOUR_MS;

/** An event this much too early still counts: it tells that the due time is near, not to the minute. */
export const EARLY_EVENT_MS = DAY_MS;

/** A tenth of the interval is shared out by name, always earlier, so that secrets imported together do not fall due together. */
const JITTER_SHARE = 0.1;

/**
 * When a version is due to be replaced.
 *
 * @param createdAt When Key Vault says that the version was made, ISO 8601 UTC.
 */
export function dueAt(name: string, createdAt: string, { everyMs }: Pick<RotationPolicy, 'everyMs'>): string {
  const jitterMs = jitterMinutes(name, Math.floor((everyMs * JITTER_SHARE) / MINUTE_MS)) * MINUTE_MS;
  return later(createdAt, everyMs - jitterMs);
}

/** The `exp` of a version: near expiry is then announced at the due time, whatever the interval, and never at birth. */
export const expiryFor = (name: string, createdAt: string, policy: Pick<RotationPolicy, 'everyMs'>): string =>
  later(dueAt(name, createdAt, policy), NEAR_EXPIRY_MS);

/** The longest validity that a policy gives a version, in days; a vault may allow less. */
export const validityDays = ({ everyMs }: Pick<RotationPolicy, 'everyMs'>): number => Math.ceil((everyMs + NEAR_EXPIRY_MS) / DAY_MS);

/** When work on a secret that did not succeed is tried again: this long after it began, then daily. */
const RETRY_AFTER_HOURS = [1, 2, 4, 8, 16, 24];

/**
 * Whether a look of the sweep tries again what failed before. Needs no memory: the instants follow from the beginning.
 *
 * @param since When the work first was to be done, ISO 8601 UTC.
 * @param lookMs Time since the look before this one.
 */
export function isRetryDue(since: string, now: string, lookMs: number): boolean {
  const ageMs = Date.parse(now) - Date.parse(since);
  if (ageMs < lookMs) return true;
  if (ageMs >= DAY_MS) return ageMs % DAY_MS < lookMs;
  return RETRY_AFTER_HOURS.some((hours) => ageMs >= hours * HOUR_MS && ageMs - lookMs < hours * HOUR_MS);
}
