import type { Duration } from './duration.ts';
import { type OffsetAt, offsetsOf } from './offsets.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Further than any offset from UTC, and nearer than any two changes of a zone's offset are to each other. */
const BEYOND_ANY_OFFSET_MS = 26 * HOUR_MS;

/** The last instants, on either side, that a date can hold; a little is left for offsets. */
const EARLIEST_MS = -8.64e15 + 10 * DAY_MS;

/** The clock on the wall of one time zone. All times are milliseconds. */
export type Calendar = Readonly<{
  /** Local time as if it were UTC: what {@link PERIOD} counts in. */
  toLocal(instantMs: number): number;
  /**
   * An instant less a duration: years, months and days on the wall (a day that the month lacks runs over into the next: 31 March less a
   * month is 3 March), then hours as they elapse. On a wall time that a change of the clock skipped the offset before the change holds; on
   * one that came twice it is the earlier instant.
   */
  minus(instantMs: number, duration: Duration): number;
}>;

/** The number of the period that a local time lies in. Equal numbers are one period; weeks are ISO weeks, from Monday. */
export const PERIOD = {
  hourly: (localMs: number): number => Math.floor(localMs / HOUR_MS),
  daily: (localMs: number): number => Math.floor(localMs / DAY_MS),
  // Day 0 was a Thursday.
  weekly: (localMs: number): number => Math.floor((Math.floor(localMs / DAY_MS) + 3) / 7),
  monthly: (localMs: number): number => {
    const date = new Date(localMs);
    return date.getUTCFullYear() * 12 + date.getUTCMonth();
  },
  yearly: (localMs: number): number => new Date(localMs).getUTCFullYear(),
} as const;

const calendars = new Map<string, Calendar>();

/**
 * The calendar of a time zone; kept, because what it has learnt of the zone serves the next plan.
 *
 * @param timeZone IANA name.
 * @throws {RangeError} when the zone is not known.
 */
export function calendarOf(timeZone: string): Calendar {
  const known = calendars.get(timeZone);
  if (known) return known;
  const calendar = makeCalendar(offsetsOf(timeZone));
  calendars.set(timeZone, calendar);
  return calendar;
}

const makeCalendar = (offsetAt: OffsetAt): Calendar => ({
  toLocal: (instantMs) => instantMs + offsetAt(instantMs),
  minus: (instantMs, { years, months, days, hours }) => {
    // Without a calendar part there is no wall time to look up, so hours stay exact when the clock is put back.
    if (years + months + days === 0) return instantMs - hours * HOUR_MS;
    const wall = new Date(instantMs + offsetAt(instantMs));
    wall.setUTCFullYear(wall.getUTCFullYear() - years, wall.getUTCMonth() - months, wall.getUTCDate() - days);
    // Further back than dates go, nothing is cut off.
    return wall.getTime() > EARLIEST_MS ? toInstant(wall.getTime(), offsetAt) - hours * HOUR_MS : Number.NEGATIVE_INFINITY;
  },
});

/** The instant of a wall time, by the offsets before and after the one change that may be near. */
function toInstant(localMs: number, offsetAt: OffsetAt): number {
  const earlyMs = offsetAt(localMs - BEYOND_ANY_OFFSET_MS);
  const lateMs = offsetAt(localMs + BEYOND_ANY_OFFSET_MS);
  const holds = (offsetMs: number): boolean => offsetAt(localMs - offsetMs) === offsetMs;
  return !holds(earlyMs) && holds(lateMs) ? localMs - lateMs : localMs - earlyMs;
}
