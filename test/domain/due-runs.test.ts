import { describe, expect, test } from 'vitest';
import { dueRuns, dueSweeps, nextBackupAt, type ScheduledHsm } from '../../src/domain/due-runs.ts';
import { jitterMinutes } from '../../src/domain/schedule.ts';

const hsm = (changes: Partial<ScheduledHsm> = {}): ScheduledHsm => ({
  name: 'a',
  schedule: '0 0 2 * * *',
  jitterMinutes: 0,
  preRestore: 'off',
  ...changes,
});
const due = (now: string, lastStarts: Record<string, string>, ...hsms: ScheduledHsm[]) =>
  dueRuns({ timeZone: 'UTC', hsms }, lastStarts, now);

describe('dueRuns', () => {
  test('a planned backup is due once, under an id that names its instant', () => {
    const now = '2026-11-22T02:03:00.000Z';
    expect(due(now, { 'backup/a': '2026-11-21T02:00:00.000Z' }, hsm())).toEqual([
      { kind: 'backup', hsm: 'a', plannedAt: '2026-11-22T02:00:00.000Z', instanceId: 'backup-a-20261122T0200Z' },
    ]);
    expect(due(now, { 'backup/a': '2026-11-22T02:00:00.000Z' }, hsm())).toEqual([]);
  });

  test('of a gap only the latest missed instant is caught up', () => {
    expect(due('2026-11-22T14:00:00.000Z', { 'backup/a': '2026-11-01T02:00:00.000Z' }, hsm())).toMatchObject([
      { plannedAt: '2026-11-22T02:00:00.000Z' },
    ]);
  });

  test('a new HSM gets a backup at once, but not one for last month', () => {
    expect(due('2026-11-22T14:00:00.000Z', {}, hsm())).toMatchObject([{ plannedAt: '2026-11-22T02:00:00.000Z' }]);
    expect(due('2026-11-22T14:00:00.000Z', {}, hsm({ schedule: '0 0 2 1 * *' }))).toEqual([]);
  });

  test('waits for the jitter of the name', () => {
    const late = hsm({ name: 'fabrikam', jitterMinutes: 15 });
    const firstMinute = jitterMinutes('fabrikam', 15);
    const starts = { 'backup/fabrikam': '2026-11-21T02:00:00.000Z' };
    const dueAt = Array.from(
      { length: 17 },
      (_, minute) => due(`2026-11-22T02:${String(minute).padStart(2, '0')}:00.000Z`, starts, late).length,
    );
    expect(firstMinute).toBeGreaterThan(0);
    expect(dueAt).toEqual(Array.from({ length: 17 }, (_, minute) => (minute < firstMinute ? 0 : 1)));
  });

  test('a schedule that never comes is never due', () => {
    expect(due('2026-11-22T14:00:00.000Z', {}, hsm({ schedule: '0 0 2 30 2 *' }))).toEqual([]);
  });

  test('a nightly pre-restore check follows an hour after the backup was planned', () => {
    const starts = { 'backup/a': '2026-11-22T02:00:00.000Z', 'pre-restore/a': '2026-11-21T02:00:00.000Z' };
    expect(due('2026-11-22T02:59:00.000Z', starts, hsm({ preRestore: 'nightly' }))).toEqual([]);
    expect(due('2026-11-22T03:00:00.000Z', starts, hsm({ preRestore: 'nightly' }))).toMatchObject([
      { kind: 'pre-restore', plannedAt: '2026-11-22T02:00:00.000Z', instanceId: 'pre-restore-a-20261122T0200Z' },
    ]);
  });

  test("a weekly pre-restore check follows Sunday's backup only", () => {
    const weekly = hsm({ preRestore: 'weekly' });
    const starts = { 'backup/a': '2026-11-28T02:00:00.000Z', 'pre-restore/a': '2026-11-15T02:00:00.000Z' };
    expect(due('2026-11-25T12:00:00.000Z', starts, weekly)).toMatchObject([{ kind: 'pre-restore', plannedAt: '2026-11-22T02:00:00.000Z' }]);
    expect(due('2026-11-28T12:00:00.000Z', { ...starts, 'pre-restore/a': '2026-11-22T02:00:00.000Z' }, weekly)).toEqual([]);
  });

  test('a weekly check of backups that are never taken on a Sunday is never due', () => {
    expect(
      due('2026-11-25T12:00:00.000Z', { 'backup/a': '2026-11-25T02:00:00.000Z' }, hsm({ schedule: '0 0 2 * * 1-5', preRestore: 'weekly' })),
    ).toEqual([]);
  });
});

describe('a drill', () => {
  const monthly = hsm({ drill: { schedule: '0 0 6 1 * *' } });
  const starts = { 'backup/a': '2026-11-30T02:00:00.000Z' };

  test('is due by a schedule of its own, once', () => {
    const now = '2026-12-01T06:03:00.000Z';
    const backedUp = { 'backup/a': '2026-12-01T02:00:00.000Z' };
    expect(due('2026-12-01T05:59:00.000Z', backedUp, monthly)).toEqual([]);
    expect(due(now, backedUp, monthly)).toEqual([
      { kind: 'drill', hsm: 'a', plannedAt: '2026-12-01T06:00:00.000Z', instanceId: 'drill-a-20261201T0600Z' },
    ]);
    expect(due(now, { ...backedUp, 'drill/a': '2026-12-01T06:00:00.000Z' }, monthly)).toEqual([]);
  });

  test('that was never started is not made up for weeks later; a missed one is', () => {
    expect(due('2026-11-30T14:00:00.000Z', starts, monthly)).toEqual([]);
    expect(due('2026-11-30T14:00:00.000Z', { ...starts, 'drill/a': '2026-10-01T06:00:00.000Z' }, monthly)).toMatchObject([
      { kind: 'drill', plannedAt: '2026-11-01T06:00:00.000Z' },
    ]);
  });
});

describe('nextBackupAt', () => {
  test('includes the jitter, also between the planned instant and the start', () => {
    const planned = hsm({ name: 'b', jitterMinutes: 200 });
    const [before, between] = [
      nextBackupAt(planned, 'UTC', '2026-11-22T00:00:00.000Z'),
      nextBackupAt(planned, 'UTC', '2026-11-22T02:00:30.000Z'),
    ];
    expect(before).toBe(between);
    expect(before && before > '2026-11-22T02:01').toBe(true);
  });

  test('is undefined for a schedule that never comes', () => {
    expect(nextBackupAt(hsm({ schedule: '0 0 2 30 2 *' }), 'UTC', '2026-11-22T00:00:00.000Z')).toBeUndefined();
  });
});

describe('dueSweeps', () => {
  const vaults = [
    { name: 'contoso-kv', rotation: 'on' },
    { name: 'seen-only', rotation: 'observe' },
  ] as const;
  const sweeps = (now: string, lastStarts: Record<string, string> = {}) => dueSweeps(vaults, lastStarts, now);

  test('a vault whose rotation is on is looked at once in the hour', () => {
    const [first] = sweeps('2026-11-22T14:59:00.000Z');
    expect(first).toEqual({
      kind: 'sweep',
      vault: 'contoso-kv',
      plannedAt: '2026-11-22T14:00:00.000Z',
      instanceId: 'sweep-contoso-kv-20261122T1400Z',
      lookMs: null,
    });
    const lastStarts = { 'sweep/contoso-kv': first?.plannedAt ?? '' };
    expect(sweeps('2026-11-22T14:59:59.000Z', lastStarts)).toEqual([]);
    expect(sweeps('2026-11-22T15:59:00.000Z', lastStarts)).toMatchObject([{ plannedAt: '2026-11-22T15:00:00.000Z', lookMs: 3_600_000 }]);
    expect(sweeps('2026-11-23T15:59:00.000Z', lastStarts)).toMatchObject([{ lookMs: 25 * 3_600_000 }]);
  });

  test('at a minute of its own', () => {
    const minute = jitterMinutes('contoso-kv', 30);
    const lastStarts = { 'sweep/contoso-kv': '2026-11-22T13:00:00.000Z' };
    const at = (past: number) => sweeps(new Date(Date.parse('2026-11-22T14:00:00.000Z') + past * 60_000).toISOString(), lastStarts);
    expect([at(minute - 1).length, at(minute).length]).toEqual([0, 1]);
  });
});
