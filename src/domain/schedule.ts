import { Cron } from 'croner';

/** When something recurs: an NCRONTAB pattern of six fields, in an IANA time zone. */
export type Schedule = Readonly<{ pattern: string; timeZone: string }>;

// As NCRONTAB: day and weekday must both match, and `5/15` runs to the end of the range.
const cron = ({ pattern, timeZone }: Schedule): Cron =>
  new Cron(pattern, { timezone: timeZone, mode: '6-part', domAndDow: true, sloppyRanges: true, paused: true });

/** The next planned instant after `now`, ISO 8601 UTC; undefined when the pattern never comes again. */
export const nextPlanned = (schedule: Schedule, now: string): string | undefined => cron(schedule).nextRun(now)?.toISOString();

/** The latest planned instant at or before `now`; undefined when there was none. */
export function latestPlanned(schedule: Schedule, now: string): string | undefined {
  const justAfter = new Date(Date.parse(now) + 1000);
  return cron(schedule)
    .previousRuns(2, justAfter)
    .map((date) => date.toISOString())
    .find((instant) => instant <= now);
}

/** The calendar day of an instant in a time zone: `2026-11-22`. */
export const localDay = (instant: string, timeZone: string): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(instant));

/** A steady share of the jitter for a name, in whole minutes from 0 to `most`, so that a fleet does not start at one instant. */
export function jitterMinutes(name: string, most: number): number {
  // FNV-1a: small, steady, spreads similar names.
  const hash = [...name].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5);
  return hash % (most + 1);
}
