import { OperatorError } from '../../../domain/errors.ts';

/** How far the clocks of one time zone are ahead of UTC, and when that changes. */
export type TimeZone = Readonly<{
  /** Milliseconds to add to UTC at an instant (epoch milliseconds) for what the clocks of the zone show. */
  offsetAt(instantMs: number): number;
}>;

export const utc: TimeZone = { offsetAt: () => 0 };

/**
 * @param name An IANA name, such as `Europe/Berlin`.
 * @throws {OperatorError} for an unknown zone.
 */
export function timeZone(name: string): TimeZone {
  if (name === 'UTC') return utc;
  const parts = wallClockFormat(name);
  return {
    offsetAt: (instantMs) => {
      const shown = Object.fromEntries(parts.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]));
      const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
      return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instantMs / 1000) * 1000;
    },
  };
}

function wallClockFormat(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    throw new OperatorError(`Unknown time zone: ${name}.`, 'Set WEBSITE_TIME_ZONE to an IANA name such as Europe/Berlin.', {
      cause: error,
    });
  }
}

/**
 * The instant at which the clocks of the zone show a wall time. A time that the spring change skips is read with the offset before the change
 * (02:30 becomes 03:30); of a time that the autumn change repeats the first is meant.
 *
 * @param wallMs What the clocks show, written as if it were UTC.
 */
export function instantOf(zone: TimeZone, wallMs: number): number {
  // No zone is further than a day from UTC, so these two see the offsets on either side of a change.
  const before = zone.offsetAt(wallMs - DAY_MS);
  const after = zone.offsetAt(wallMs + DAY_MS);
  const early = wallMs - before;
  if (zone.offsetAt(early) === before) return early;
  const late = wallMs - after;
  return zone.offsetAt(late) === after ? late : early;
}

/** The first instant after `fromMs` and not after `toMs` at which the zone leaves this offset; undefined when there is none. */
export function nextChange(zone: TimeZone, offset: number, fromMs: number, toMs: number): number | undefined {
  // Day by day: a zone may change and change back between the two ends.
  for (let day = fromMs; day < toMs; day += DAY_MS) {
    const end = Math.min(day + DAY_MS, toMs);
    if (zone.offsetAt(end) !== offset) return bisect(zone, offset, day, end);
  }
  return undefined;
}

function bisect(zone: TimeZone, offset: number, from: number, to: number): number {
  let [same, changed] = [from, to];
  while (changed - same > 1) {
    const middle = Math.floor((same + changed) / 2);
    if (zone.offsetAt(middle) === offset) same = middle;
    else changed = middle;
  }
  return changed;
}

const DAY_MS = 86_400_000;
