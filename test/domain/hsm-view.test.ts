import { describe, expect, test } from 'vitest';
import { summariseHealth, summariseHsm } from '../../src/domain/hsm-view.ts';
import { viewOfFolder } from '../../src/domain/record.ts';
import type { BackupView } from '../../src/domain/views.ts';

const now = '2026-11-22T12:00:00.000Z';
const hsm = {
  name: 'a',
  url: 'https://a',
  schedule: '0 0 2 * * *',
  jitterMinutes: 0,
  preRestore: 'off',
  maxAgeHours: 26,
  protect: { countsFrom: 'L1' },
} as const;
const backup = (folder: string, proof: BackupView['proof'] = 'L1'): BackupView => ({
  ...viewOfFolder('a', folder),
  status: 'complete',
  proof,
});
const view = (...backups: BackupView[]) => summariseHsm(hsm, 'UTC', backups, now);

describe('summariseHsm', () => {
  test('is ok while the newest proven backup is young enough', () => {
    expect(view(backup('mhsm-a-2026112202000000'))).toMatchObject({
      status: 'ok',
      newestProvenAgeHours: 10,
      backups: 1,
      nextBackupAt: '2026-11-23T02:00:00.000Z',
    });
  });

  test('tells how far second copies are behind, where there are to be any', () => {
    const copied = { ...hsm, immutableCopy: { container: 'https://worm.example/hsm' } };
    const { copy } = summariseHsm(copied, 'UTC', [backup('mhsm-a-2026112202000000')], now);
    expect(copy).toEqual({ container: 'https://worm.example/hsm', newestAt: null, lagHours: null, waiting: 1 });
    expect(view()).not.toHaveProperty('copy');
  });

  test('is overdue when only the unproven ones are young', () => {
    const unproven = viewOfFolder('a', 'mhsm-a-2026112202000000');
    expect(view(unproven, backup('mhsm-a-2026112002000000'))).toMatchObject({
      status: 'overdue',
      lastBackup: unproven,
      newestProvenAgeHours: 58,
    });
  });

  test('is never when there is none', () => {
    expect(view()).toMatchObject({ status: 'never', lastBackup: null, newestProven: null, newestProvenAgeHours: null });
  });

  test('tells a problem, and an empty next start for a schedule that never comes', () => {
    const problem = { message: 'm', hint: 'h' };
    expect(summariseHsm({ ...hsm, schedule: '0 0 2 30 2 *' }, 'UTC', [], now, problem)).toMatchObject({ problem, nextBackupAt: '' });
  });
});

describe('summariseHealth', () => {
  test('tells the oldest of the newest', () => {
    expect(summariseHealth([view(backup('mhsm-a-2026112202000000')), view(backup('mhsm-a-2026112206000000'))])).toEqual({
      status: 'ok',
      oldestProvenAgeHours: 10,
    });
  });

  test('fails when one HSM is without, overdue or unreadable', () => {
    expect(summariseHealth([view(backup('mhsm-a-2026112202000000')), view()])).toEqual({ status: 'failing', oldestProvenAgeHours: null });
    expect(summariseHealth([view(backup('mhsm-a-2026112002000000'))]).status).toBe('failing');
    const unreadable = { ...view(backup('mhsm-a-2026112202000000')), problem: { message: 'm', hint: 'h' } };
    expect(summariseHealth([unreadable]).status).toBe('failing');
  });

  test('has no age when there is nothing to look after', () => {
    expect(summariseHealth([])).toEqual({ status: 'ok', oldestProvenAgeHours: null });
  });
});
