import { describe, expect, test } from 'vitest';
import { jitterMinutes, latestPlanned, localDay, nextPlanned } from '../../src/domain/schedule.ts';

const berlin = { pattern: '0 0 2 * * *', timeZone: 'Europe/Berlin' };

describe('latestPlanned', () => {
  test('is the planned instant itself at that instant', () => {
    expect(latestPlanned(berlin, '2026-11-22T01:00:00.000Z')).toBe('2026-11-22T01:00:00.000Z');
  });

  test('is the night before until then', () => {
    expect(latestPlanned(berlin, '2026-11-22T00:59:59.999Z')).toBe('2026-11-21T01:00:00.000Z');
  });

  test('follows the time zone across a change of the clock', () => {
    expect(latestPlanned(berlin, '2026-07-01T12:00:00.000Z')).toBe('2026-07-01T00:00:00.000Z');
    expect(latestPlanned(berlin, '2026-12-01T12:00:00.000Z')).toBe('2026-12-01T01:00:00.000Z');
  });

  test('is undefined for a pattern that never was', () => {
    expect(latestPlanned({ pattern: '0 0 2 30 2 *', timeZone: 'UTC' }, '2026-11-22T01:00:00.000Z')).toBeUndefined();
  });
});

describe('nextPlanned', () => {
  test('is strictly later', () => {
    expect(nextPlanned(berlin, '2026-11-22T01:00:00.000Z')).toBe('2026-11-23T01:00:00.000Z');
  });

  test('is undefined for a pattern that never comes', () => {
    expect(nextPlanned({ pattern: '0 0 2 30 2 *', timeZone: 'UTC' }, '2026-11-22T01:00:00.000Z')).toBeUndefined();
  });

  test('asks day and weekday to match both, as NCRONTAB does', () => {
    const friday13th = { pattern: '0 0 2 13 * 5', timeZone: 'UTC' };
    expect(nextPlanned(friday13th, '2026-11-22T00:00:00.000Z')).toBe('2027-08-13T02:00:00.000Z');
  });
});

test('localDay is the calendar day where the HSM is operated', () => {
  expect(localDay('2026-11-21T23:30:00.000Z', 'Europe/Berlin')).toBe('2026-11-22');
  expect(localDay('2026-11-21T23:30:00.000Z', 'America/New_York')).toBe('2026-11-21');
});

test('jitterMinutes is steady for a name, within bounds and spreads a fleet', () => {
  const fleet = Array.from({ length: 200 }, (_, n) => jitterMinutes(`hsm-${n}`, 15));
  expect(jitterMinutes('contoso', 15)).toBe(jitterMinutes('contoso', 15));
  expect(Math.min(...fleet)).toBe(0);
  expect(Math.max(...fleet)).toBe(15);
  expect(jitterMinutes('contoso', 0)).toBe(0);
});
