import { atLeast } from './backup.ts';
import { type BackupRecord, proofOf } from './record.ts';
import type { Protection } from './retention/policy.ts';

/** What storage holds of a folder, in all. */
export type FolderSize = Readonly<{ blobs: number; sizeBytes: number }>;

/**
 * The backups that are left when all else goes: the newest that are proven, as many as the floor asks for, one at least. What deletes the others
 * has to be sure of these.
 *
 * @returns Newest first.
 */
export const lastStanding = (records: readonly BackupRecord[], { countsFrom, floor }: Protection): BackupRecord[] =>
  records
    .filter((record) => record.status === 'complete' && !record.gone && atLeast(proofOf(record), countsFrom))
    .sort((a, b) => Date.parse(b.takenAt) - Date.parse(a.takenAt))
    .slice(0, Math.max(floor, 1));

/** Whether storage holds as much of a backup as was hashed. Blobs may have been lost since, or changed, while the folder is still there. */
export const isWhole = ({ manifest }: Pick<BackupRecord, 'manifest'>, { blobs, sizeBytes }: FolderSize): boolean =>
  manifest !== null && manifest.blobs === blobs && manifest.sizeBytes === sizeBytes;
