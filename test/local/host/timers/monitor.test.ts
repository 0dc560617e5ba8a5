import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { afterRun, resumeTimer, TimerMonitor, type TimerStatus } from '../../../../src/local/host/timers/monitor.ts';
import { parseSchedule } from '../../../../src/local/host/timers/schedule.ts';
import { utc } from '../../../../src/local/host/timers/time-zone.ts';

const hourly = parseSchedule('0 0 * * * *', 'hourly', utc);
const at = (time: string) => Date.parse(`2026-03-01T${time}Z`);
const status = (last: string | null, next: string, lastUpdated: string): TimerStatus => ({
  last: last && `2026-03-01T${last}.000Z`,
  next: `2026-03-01T${next}.000Z`,
  lastUpdated: `2026-03-01T${lastUpdated}.000Z`,
});

describe('resumeTimer', () => {
  test('starts a timer that was never seen with its next time, without a run', () => {
    expect(resumeTimer(hourly, undefined, at('02:10:00'))).toEqual({ status: status(null, '03:00:00', '02:10:00'), pastDue: false });
  });

  test('keeps what it knows while the next time is still to come', () => {
    const known = status('02:00:00', '03:00:00', '02:00:00');
    expect(resumeTimer(hourly, known, at('02:59:00'))).toEqual({ status: known, pastDue: false });
  });

  test('says past due when the next time went by while the host was down', () => {
    const known = status('02:00:00', '03:00:00', '02:00:00');
    expect(resumeTimer(hourly, known, at('05:30:00'))).toEqual({ status: known, pastDue: true });
  });

  test('says past due also for a timer that never ran', () => {
    expect(resumeTimer(hourly, status(null, '03:00:00', '02:10:00'), at('03:00:01')).pastDue).toBe(true);
  });

  test('takes a changed schedule anew, without a run for the old one', () => {
    const known = status('02:00:00', '02:05:00', '02:00:00');
    expect(resumeTimer(hourly, known, at('04:30:00'))).toEqual({ status: status(null, '05:00:00', '04:30:00'), pastDue: false });
    expect(resumeTimer(hourly, known, at('02:30:00'))).toEqual({ status: status(null, '03:00:00', '02:00:00'), pastDue: false });
  });
});

test('afterRun plans the next time from when the run began', () => {
  expect(afterRun(hourly, at('03:00:00'))).toEqual(status('03:00:00', '04:00:00', '03:00:00'));
});

describe('TimerMonitor', () => {
  let dataDir = '';
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'monitor-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  test('remembers the statuses of all timers from one start to the next', () => {
    const monitor = new TimerMonitor(dataDir);
    monitor.set('a', status(null, '03:00:00', '02:00:00'));
    monitor.set('b', status('02:00:00', '04:00:00', '02:00:00'));

    const next = new TimerMonitor(dataDir);
    expect([next.get('a')?.next, next.get('b')?.last, next.get('c')]).toEqual([
      '2026-03-01T03:00:00.000Z',
      '2026-03-01T02:00:00.000Z',
      undefined,
    ]);
    expect(readdirSync(dataDir)).toEqual(['timers.json']);
  });

  test('writes nothing once closed', () => {
    const monitor = new TimerMonitor(dataDir);
    monitor.close();
    monitor.set('a', status(null, '03:00:00', '02:00:00'));
    expect(readdirSync(dataDir)).toEqual([]);
  });

  test('refuses a damaged file by its name', () => {
    writeFileSync(join(dataDir, 'timers.json'), '{"a": {"next": 1}}');
    expect(() => new TimerMonitor(dataDir)).toThrow(join(dataDir, 'timers.json'));
  });
});
