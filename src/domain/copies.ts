import { type CopyState, isProven } from './record.ts';
import { LATEST_MS } from './retention/retained-backup.ts';
import type { BackupView, CopyLag } from './views.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Whether all of a backup is in this container, and was compared. */
export const isCopied = ({ copy }: Pick<BackupView, 'copy'>, container: string): boolean =>
  copy?.container === container && copy.completedAt !== null;

/** The hashed backups that have no complete copy in this container, in the order given; one that is marked for deletion gets none any more. */
export const uncopied = (backups: readonly BackupView[], container: string): BackupView[] =>
  backups.filter((backup) => isProven(backup, 'L1') && backup.markedAt === undefined && !isCopied(backup, container));

/**
 * How far the copies of one HSM are behind.
 *
 * @param backups All its backups, newest first.
 */
export function copyLag(backups: readonly BackupView[], container: string): CopyLag {
  const newest = backups.find((backup) => isProven(backup, 'L1'));
  const copied = backups.find((backup) => isCopied(backup, container));
  const hours = newest && copied && (Date.parse(newest.takenAt) - Date.parse(copied.takenAt)) / HOUR_MS;
  return {
    container,
    newestAt: copied?.takenAt ?? null,
    lagHours: hours === undefined ? null : Math.round(Math.max(0, hours) * 100) / 100,
    waiting: uncopied(backups, container).length,
  };
}

/** From when on the copy of a backup that was pruned may be removed, ISO 8601 UTC: `days` after its last blob was written. */
export const copyRemovableAt = ({ completedAt, at }: CopyState, days: number): string =>
  new Date(Math.min(Date.parse(completedAt ?? at) + days * DAY_MS, LATEST_MS)).toISOString();
