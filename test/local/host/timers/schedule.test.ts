import { describe, expect, test } from 'vitest';
import { parseSchedule } from '../../../../src/local/host/timers/schedule.ts';
import { timeZone } from '../../../../src/local/host/timers/time-zone.ts';

/** The next times of a schedule, in order, as UTC. */
function times(schedule: string, after: string, count: number, zone = 'UTC'): string[] {
  const { next } = parseSchedule(schedule, 'timer', timeZone(zone));
  const found: string[] = [];
  for (let at = next(Date.parse(after)); found.length < count; at = next(at)) found.push(new Date(at).toISOString().replace('.000Z', 'Z'));
  return found;
}

describe('parseSchedule', () => {
  test('reads six fields with the seconds first', () => {
    expect(times('0 */5 * * * *', '2026-03-01T02:01:00Z', 2)).toEqual(['2026-03-01T02:05:00Z', '2026-03-01T02:10:00Z']);
  });

  test('reads five fields as without seconds', () => {
    expect(times('30 2 * * *', '2026-03-01T02:30:00Z', 1)).toEqual(['2026-03-02T02:30:00Z']);
  });

  test('answers a time strictly after the one given, also within a second', () => {
    expect(times('* * * * * *', '2026-03-01T02:00:00.500Z', 1)).toEqual(['2026-03-01T02:00:01Z']);
    expect(times('0 0 2 * * *', '2026-03-01T02:00:00Z', 1)).toEqual(['2026-03-02T02:00:00Z']);
    expect(times('0 0 2 * * *', '2026-03-01T01:59:59.999Z', 1)).toEqual(['2026-03-01T02:00:00Z']);
  });

  test('asks for day and weekday both, unlike Unix', () => {
    expect(times('0 0 0 13 * fri', '2026-01-01T00:00:00Z', 2)).toEqual(['2026-02-13T00:00:00Z', '2026-03-13T00:00:00Z']);
  });

  test('reads a start with a step as from there to the end', () => {
    expect(times('0 5/15 * * * *', '2026-03-01T00:00:00Z', 4)).toEqual([
      '2026-03-01T00:05:00Z',
      '2026-03-01T00:20:00Z',
      '2026-03-01T00:35:00Z',
      '2026-03-01T00:50:00Z',
    ]);
  });

  test('knows Sunday as 0 and the names of months and weekdays', () => {
    expect(times('0 0 0 * * 0', '2026-03-02T00:00:00Z', 1)).toEqual(['2026-03-08T00:00:00Z']);
    expect(times('0 0 0 1 Jan,JUL *', '2026-03-02T00:00:00Z', 2)).toEqual(['2026-07-01T00:00:00Z', '2027-01-01T00:00:00Z']);
    expect(times('0 0 0 * * mon-wed', '2026-03-05T00:00:00Z', 1)).toEqual(['2026-03-09T00:00:00Z']);
  });

  test('reads hh:mm:ss as a fixed interval', () => {
    expect(times('00:10:00', '2026-03-01T00:00:03Z', 2)).toEqual(['2026-03-01T00:10:03Z', '2026-03-01T00:20:03Z']);
  });

  test('takes a schedule from the app setting between percent signs', () => {
    process.env['HOST_TEST_SCHEDULE'] = '0 0 4 * * *';
    expect(times('%HOST_TEST_SCHEDULE%', '2026-03-01T00:00:00Z', 1)).toEqual(['2026-03-01T04:00:00Z']);
    expect(() => times('%HOST_TEST_NONE%', '2026-03-01T00:00:00Z', 1)).toThrow('HOST_TEST_NONE');
  });

  test.each([
    '0 0 L * * *',
    '0 0 0 ? * *',
    '0 0 0 15W * *',
    '0 0 0 * * fri#2',
    '@daily',
    '1 2 3',
    '0 61 * * * *',
    '0 0 0 30 2 *',
    'often',
    '',
  ])('refuses %j, which NCRONTAB does not know or never meets', (schedule) => {
    expect(() => times(schedule, '2026-03-01T00:00:00Z', 1)).toThrow(expect.objectContaining({ name: 'OperatorError' }));
  });
});

describe('a schedule in a time zone', () => {
  const berlin = 'Europe/Berlin';

  test('follows the wall clock through summer and winter', () => {
    expect(times('0 30 6 * * *', '2026-03-28T00:00:00Z', 2, berlin)).toEqual(['2026-03-28T05:30:00Z', '2026-03-29T04:30:00Z']);
  });

  test('runs a time that the spring change skips an hour later, once', () => {
    expect(times('0 30 2 * * *', '2026-03-28T12:00:00Z', 2, berlin)).toEqual(['2026-03-29T01:30:00Z', '2026-03-30T00:30:00Z']);
  });

  test('runs a time that the autumn change repeats once, in summer time', () => {
    expect(times('0 30 2 * * *', '2026-10-24T12:00:00Z', 2, berlin)).toEqual(['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z']);
  });

  test('does not run a repeated time again when the host starts within the second hour', () => {
    expect(times('0 30 2 * * *', '2026-10-25T01:10:00Z', 1, berlin)).toEqual(['2026-10-26T01:30:00Z']);
  });

  test('runs an interval schedule through both passes of the repeated hour', () => {
    expect(times('0 */30 * * * *', '2026-10-24T23:45:00Z', 6, berlin)).toEqual([
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T02:00:00Z',
      '2026-10-25T02:30:00Z',
    ]);
  });

  test('leaves no gap in an interval schedule at the skipped hour', () => {
    expect(times('0 */30 * * * *', '2026-03-29T00:15:00Z', 3, berlin)).toEqual([
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-29T01:30:00Z',
    ]);
  });

  test('knows zones south of the equator and with changes of half an hour', () => {
    // Lord Howe Island goes from +10:30 to +11 at 02:00 on 2026-10-04.
    expect(times('0 15 2 * * *', '2026-10-03T12:00:00Z', 2, 'Australia/Lord_Howe')).toEqual([
      '2026-10-03T15:45:00Z',
      '2026-10-04T15:15:00Z',
    ]);
  });

  test('refuses an unknown zone by its name', () => {
    expect(() => timeZone('Europe/Nowhere')).toThrow('Europe/Nowhere');
  });
});
