import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calendarOf, PERIOD } from '../../../src/domain/retention/calendar.ts';
import { isZero, parseDuration, showDuration } from '../../../src/domain/retention/duration.ts';
import { offsetsOf } from '../../../src/domain/retention/offsets.ts';
import { COUNT_RULES, type CountRule } from '../../../src/domain/retention/policy.ts';
import { zone } from './arbitraries.ts';
import { holds } from './law.ts';
import { localText, naiveBefore, periodsOf } from './naive-rules.ts';

const HOUR_MS = 3_600_000;
/** Changes of the clock in Berlin, New York and on Lord Howe, the turn of years, a leap day. */
const MOMENTS = ['2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z', '2026-03-08T07:00:00Z', '2026-11-01T06:00:00Z', '2026-04-04T15:00:00Z']
  .concat(['2026-10-03T15:30:00Z', '2026-12-31T23:00:00Z', '2021-01-03T12:00:00Z', '2024-02-29T12:00:00Z', '2024-12-30T00:00:00Z'])
  .map((text) => Date.parse(text));
/** When clocks are put back: an hour, or half of one, comes twice. */
const PUT_BACK = [
  { timeZone: 'Europe/Berlin', at: Date.parse('2026-10-25T01:00:00Z') },
  { timeZone: 'America/New_York', at: Date.parse('2026-11-01T06:00:00Z') },
  { timeZone: 'Australia/Lord_Howe', at: Date.parse('2026-04-04T15:00:00Z') },
];
const instant = fc.oneof(
  fc.integer({ min: Date.UTC(1995, 0, 1), max: Date.UTC(2060, 0, 1) }),
  fc
    .tuple(
      fc.constantFrom(...MOMENTS),
      fc.oneof(fc.constantFrom(-1, 0), fc.integer({ min: -72, max: 72 })),
      fc.constantFrom(-1, 0, 1_800_000),
    )
    .map(([moment, hours, ms]) => moment + hours * HOUR_MS + ms),
);

describe('the clock on the wall', { timeout: 60_000 }, () => {
  test('is what Intl says, for a calendar that knows much and for one that knows nothing yet', () => {
    holds(
      fc.record({ timeZone: zone, instants: fc.array(instant, { minLength: 1, maxLength: 5 }) }),
      ({ timeZone, instants }) => {
        const offsetAt = offsetsOf(timeZone);
        const calendar = calendarOf(timeZone);
        for (const instant of instants) {
          const localMs = calendar.toLocal(instant);
          expect(new Date(localMs).toISOString().slice(0, 19).replace('T', ' ')).toBe(localText(timeZone, instant));
          expect(offsetAt(instant)).toBe(localMs - instant);
        }
        return true;
      },
      0.5,
    );
  });

  test('puts two instants into one period when their dates do', () => {
    const rule = fc.constantFrom(...COUNT_RULES.filter((name) => name !== 'last'));
    const apart = fc
      .oneof(
        fc.integer({ min: 0, max: 48 }),
        fc.integer({ min: 0, max: 400 }).map((days) => days * 24),
      )
      .map((hours) => hours * HOUR_MS);
    holds(fc.record({ timeZone: zone, instant, apart, rule }), ({ timeZone, instant, apart, rule }) => {
      const { toLocal } = calendarOf(timeZone);
      const period = (ms: number): number => PERIOD[rule as Exclude<CountRule, 'last'>](toLocal(ms));
      const name = (ms: number): string | undefined => new Map(periodsOf(localText(timeZone, ms), 0)).get(rule);
      expect(period(instant) === period(instant + apart)).toBe(name(instant) === name(instant + apart));
      return true;
    });
  });
});

describe('a duration', { timeout: 60_000 }, () => {
  const part = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }) });
  const duration = fc.record({ years: part, months: part, days: part, hours: part });

  test('off an instant goes back on the wall, then by hours as they elapse', () => {
    // Whole days after a change of the clock, so that the way back ends where the wall shows a time twice, or never.
    const upToAChange = fc
      .record({
        moment: fc.constantFrom(...MOMENTS),
        days: fc.integer({ min: 1, max: 40 }),
        quarters: fc.integer({ min: -9, max: 9 }),
        hours: part,
      })
      .map(({ moment, days, quarters, hours }) => ({
        instant: moment + days * 24 * HOUR_MS + quarters * 900_000,
        duration: { years: 0, months: 0, days, hours },
      }));
    const anyWay = fc
      .record({ timeZone: zone, way: fc.oneof(fc.record({ instant, duration }), upToAChange) })
      .map(({ timeZone, way }) => ({ timeZone, ...way }));
    // Hours alone, off an instant whose wall time comes twice.
    const byHours = fc
      .record({ change: fc.constantFrom(...PUT_BACK), quarters: fc.integer({ min: -5, max: 5 }), hours: part })
      .map(({ change: { timeZone, at }, quarters, hours }) => ({
        timeZone,
        instant: at + quarters * 900_000,
        duration: { years: 0, months: 0, days: 0, hours },
      }));
    holds(fc.oneof({ weight: 9, arbitrary: anyWay }, { weight: 1, arbitrary: byHours }), ({ timeZone, instant, duration }) => {
      const span = showDuration(duration) || '0d';
      expect(calendarOf(timeZone).minus(instant, duration)).toBe(naiveBefore(timeZone, instant, span));
      return !isZero(duration);
    });
  });

  test('is read as it is shown, whatever is nothing in it, and is nothing only when all of it is', () => {
    holds(
      fc.record({ duration, written: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }) }),
      ({ duration, written }) => {
        const { years, months, days, hours } = duration;
        const parts = [`${years}y`, `${months}m`, `${days}d`, `${hours}h`].filter((text, index) => written[index] || !text.startsWith('0'));
        expect(isZero(duration)).toBe(years === 0 && months === 0 && days === 0 && hours === 0);
        if (parts.length === 0) return false;
        expect(parseDuration(parts.join(''))).toEqual(duration);
        if (!isZero(duration)) expect(parseDuration(showDuration(duration))).toEqual(duration);
        return true;
      },
      0.2,
    );
  });

  test('of another form is refused', () => {
    const wrong = fc
      .string({ unit: fc.constantFrom(...'0123ymdhw.- '), maxLength: 6 })
      .filter((text) => !/^(\d+y)?(\d+m)?(\d+d)?(\d+h)?$/.test(text));
    holds(
      fc.oneof(fc.constant(''), wrong),
      (text) => {
        expect(() => parseDuration(text)).toThrow(RangeError);
        return true;
      },
      0.2,
    );
  });
});
