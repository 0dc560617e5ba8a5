import { Cron } from 'croner';
import { OperatorError } from '../../../domain/errors.ts';
import { resolveSettings } from '../app-settings.ts';
import { parseTimeSpan } from '../time-span.ts';
import { instantOf, nextChange, type TimeZone } from './time-zone.ts';

/** When a timer fires. */
export type Schedule = Readonly<{
  /** The first time strictly after the given one; both in epoch milliseconds. */
  next(afterMs: number): number;
}>;

/**
 * Reads the schedule of a timer trigger: NCRONTAB (`second minute hour day month weekday`, or five fields without the seconds), a fixed
 * interval `hh:mm:ss`, either with `%SETTING%` in its place.
 *
 * @throws {OperatorError} naming the function whose schedule cannot be read.
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 */
export function parseSchedule(text: string, functionName: string, zone: TimeZone): Schedule {
  const resolved = resolveSettings(text).trim();
  const intervalMs = parseTimeSpan(resolved);
  if (intervalMs !== undefined && intervalMs > 0) return { next: (afterMs) => afterMs + intervalMs };
  try {
    return cronSchedule(resolved, zone);
  } catch (error) {
    throw new OperatorError(
      `The timer ${functionName} has a schedule that cannot be read: ${resolved}`,
      'Write six NCRONTAB fields, such as "0 */5 * * * *", or an interval hh:mm:ss.',
      { cause: error },
    );
  }
}

/** Fields of numbers, ranges, lists, steps, and the names of months and weekdays: croner reads more (L, W, #, @daily), NCRONTAB does not. */
const NCRONTAB = /^(?:(?:[\d*,/-]|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)\b)+(?:\s+|$)){5,6}$/i;

function cronSchedule(expression: string, zone: TimeZone): Schedule {
  if (!NCRONTAB.test(expression)) throw new Error('not NCRONTAB');
  const fields = expression.split(/\s+/);
  // croner only counts fields, on wall time written as UTC: what a change of the clocks does is NCRONTAB's own, below.
  const cron = new Cron(expression, {
    mode: fields.length === 5 ? '5-part' : '6-part',
    domAndDow: true,
    sloppyRanges: true,
    timezone: 'UTC',
  });
  const nextWall = (wallMs: number): number => {
    const next = cron.nextRun(new Date(wallMs));
    if (!next) throw new Error(`no time ever matches: ${expression}`);
    return next.getTime();
  };
  nextWall(0);
  const timeFields = fields.slice(0, fields.length - 3);
  return timeFields.some((field) => /[*/-]/.test(field)) ? intervalSchedule(nextWall, zone) : fixedSchedule(nextWall, zone);
}

/** A schedule of fixed times runs once a day, also on the days when the clocks change. */
function fixedSchedule(nextWall: (wallMs: number) => number, zone: TimeZone): Schedule {
  return {
    next: (afterMs) => {
      let wallMs = nextWall(afterMs + zone.offsetAt(afterMs));
      // In the repeated hour the wall time may have had its turn already.
      while (instantOf(zone, wallMs) <= afterMs) wallMs = nextWall(wallMs);
      return instantOf(zone, wallMs);
    },
  };
}

/** A schedule of intervals runs through: the repeated hour has its times twice, the skipped one has none. */
function intervalSchedule(nextWall: (wallMs: number) => number, zone: TimeZone): Schedule {
  return {
    next: (afterMs) => {
      let [fromMs, offset] = [afterMs, zone.offsetAt(afterMs)];
      for (;;) {
        const candidate = nextWall(fromMs + offset) - offset;
        const change = nextChange(zone, offset, fromMs, candidate);
        if (change === undefined) return candidate;
        // The clocks change on the way: go on from there, a millisecond early so that a time at the change itself counts.
        [fromMs, offset] = [change - 1, zone.offsetAt(change)];
      }
    },
  };
}
