import type { ProofLevel } from './backup.ts';
import { copyLag } from './copies.ts';
import { nextBackupAt, type ScheduledHsm } from './due-runs.ts';
import { isProven } from './record.ts';
import type { BackupView, HsmView, Problem } from './views.ts';

type HsmFacts = ScheduledHsm &
  Readonly<{
    url: string;
    maxAgeHours: number;
    protect: Readonly<{ countsFrom: ProofLevel }>;
    immutableCopy?: Readonly<{ container: string }> | undefined;
  }>;

const HOUR_MS = 3_600_000;

/**
 * Sums up one HSM: is its newest proven backup young enough?
 *
 * @param backups All its backups, newest first.
 * @param now ISO 8601 UTC.
 */
export function summariseHsm(hsm: HsmFacts, timeZone: string, backups: readonly BackupView[], now: string, problem?: Problem): HsmView {
  const newestProven = backups.find((backup) => isProven(backup, hsm.protect.countsFrom)) ?? null;
  const ageHours = newestProven && Math.max(0, (Date.parse(now) - Date.parse(newestProven.takenAt)) / HOUR_MS);
  return {
    name: hsm.name,
    url: hsm.url,
    status: ageHours === null ? 'never' : ageHours <= hsm.maxAgeHours ? 'ok' : 'overdue',
    lastBackup: backups[0] ?? null,
    newestProven,
    newestProvenAgeHours: ageHours === null ? null : Math.round(ageHours * 100) / 100,
    maxAgeHours: hsm.maxAgeHours,
    schedule: hsm.schedule,
    timeZone,
    nextBackupAt: nextBackupAt(hsm, timeZone, now) ?? '',
    backups: backups.length,
    ...(hsm.immutableCopy && { copy: copyLag(backups, hsm.immutableCopy.container) }),
    ...(problem && { problem }),
  };
}

/** The anonymous health answer: the worst of all HSMs, no names. `failing` while any HSM has no young enough proven backup. */
export function summariseHealth(hsms: readonly HsmView[]): Readonly<{ status: 'ok' | 'failing'; oldestProvenAgeHours: number | null }> {
  const ages = hsms.map(({ newestProvenAgeHours }) => newestProvenAgeHours);
  return {
    status: hsms.every(({ status, problem }) => status === 'ok' && !problem) ? 'ok' : 'failing',
    oldestProvenAgeHours: ages.length === 0 || ages.includes(null) ? null : Math.max(...(ages as number[])),
  };
}
