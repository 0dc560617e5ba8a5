import { describe, expect, test } from 'vitest';
import { calendarOf } from '../../../src/domain/retention/calendar.ts';
import { isZero, parseDuration, showDuration } from '../../../src/domain/retention/duration.ts';
import { offsetsOf } from '../../../src/domain/retention/offsets.ts';

const HOUR_MS = 3_600_000;

const less = (timeZone: string, at: string, span: string): string =>
  new Date(calendarOf(timeZone).minus(Date.parse(at), parseDuration(span))).toISOString();

describe('offsetsOf', () => {
  test.each(['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Africa/Casablanca', 'America/St_Johns'])(
    'agrees with Intl at every sixth hour of three years in %s, forwards and backwards',
    (timeZone) => {
      const formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
      const instants = Array.from({ length: 3 * 366 * 4 }, (_, step) => Date.parse('2024-01-01T00:00:00Z') + step * 6 * HOUR_MS);
      const expected = instants.map((ms) => Date.parse(`${formatter.format(ms).replace(' ', 'T')}Z`) - ms);
      const [forwards, backwards] = [offsetsOf(timeZone), offsetsOf(timeZone)];
      expect(instants.map(forwards)).toEqual(expected);
      expect(instants.toReversed().map(backwards)).toEqual(expected.toReversed());
    },
  );

  test('finds a change of the clock to the second', () => {
    const offsetAt = offsetsOf('Europe/Berlin');
    const change = Date.parse('2026-03-29T01:00:00Z');
    expect([change - 1, change].map(offsetAt)).toEqual([HOUR_MS, 2 * HOUR_MS]);
  });

  test('sees two changes that are a week apart', () => {
    const offsetAt = offsetsOf('Asia/Gaza');
    const days = Array.from({ length: 31 }, (_, day) => offsetAt(Date.UTC(2040, 9, day + 1, 12)) / HOUR_MS);
    expect(days.filter((hours, day) => day > 0 && hours !== days[day - 1])).toHaveLength(2);
  });

  test('reads offsets with seconds, and west of Greenwich', () => {
    expect(offsetsOf('Europe/Berlin')(Date.UTC(1880, 0, 1))).toBe((53 * 60 + 28) * 1000);
    expect(offsetsOf('America/New_York')(Date.UTC(2026, 0, 1))).toBe(-5 * HOUR_MS);
  });

  test('throws for a zone that is none', () => {
    expect(() => offsetsOf('Mars/Olympus')).toThrow(RangeError);
  });
});

describe('a calendar takes a duration off an instant', () => {
  test.each([
    ['a month that lacks the day runs over', 'UTC', '2026-03-31T10:00:00Z', '1m', '2026-03-03T10:00:00.000Z'],
    ['a year before a leap day is the first of March', 'UTC', '2024-02-29T10:00:00Z', '1y', '2023-03-01T10:00:00.000Z'],
    ['years, months, days and hours together', 'UTC', '2026-03-05T10:00:00Z', '1y2m3d4h', '2025-01-02T06:00:00.000Z'],
    ['a day is a day on the wall when it has 23 hours', 'Europe/Berlin', '2026-03-29T10:00:00Z', '1d', '2026-03-28T11:00:00.000Z'],
    ['hours after a change of the clock its new offset holds', 'Europe/Berlin', '2026-03-30T10:00:00Z', '1d', '2026-03-29T10:00:00.000Z'],
    ['hours elapse, whatever the wall says', 'Europe/Berlin', '2026-03-29T10:00:00Z', '24h', '2026-03-28T10:00:00.000Z'],
    ['a skipped wall time has the offset before the change', 'Europe/Berlin', '2026-03-30T00:30:00Z', '1d', '2026-03-29T01:30:00.000Z'],
    ['a wall time that came twice is the earlier', 'Europe/Berlin', '2026-10-26T01:30:00Z', '1d', '2026-10-25T00:30:00.000Z'],
    ['a skipped wall time in the west', 'America/New_York', '2026-03-09T06:30:00Z', '1d', '2026-03-08T07:30:00.000Z'],
    ['a wall time that came twice in the west', 'America/New_York', '2026-11-02T06:30:00Z', '1d', '2026-11-01T05:30:00.000Z'],
    ['hours from the second of two equal wall times stay exact', 'Europe/Berlin', '2026-10-25T01:30:00Z', '2h', '2026-10-24T23:30:00.000Z'],
    ['a day that a zone left out', 'Pacific/Apia', '2011-12-31T22:00:00Z', '2d', '2011-12-30T22:00:00.000Z'],
    ['the first century keeps its years', 'UTC', '2026-03-05T10:00:00Z', '1950y', '0076-03-05T10:00:00.000Z'],
  ])('%s', (_what, timeZone, at, span, expected) => {
    expect(less(timeZone, at, span)).toBe(expected);
  });

  test('further back than dates go, nothing is cut off', () => {
    expect(calendarOf('UTC').minus(0, parseDuration('999999999999y'))).toBe(Number.NEGATIVE_INFINITY);
  });

  test('is made once for each zone', () => {
    expect(calendarOf('Asia/Tokyo')).toBe(calendarOf('Asia/Tokyo'));
  });
});

describe('durations', () => {
  test('are read and shown in restic’s notation', () => {
    expect(parseDuration('1y2m3d4h')).toEqual({ years: 1, months: 2, days: 3, hours: 4 });
    expect(['1y2m3d4h', '0y7d', '48h', '0d'].map((text) => showDuration(parseDuration(text)))).toEqual(['1y2m3d4h', '7d', '48h', '']);
    expect(['0d', '0y0h', '1h'].map((text) => isZero(parseDuration(text)))).toEqual([true, true, false]);
  });

  test.each(['', '7', '2w', '-1d', '1d1y', '1.5d', ' 7d'])('are not "%s"', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
  });
});
