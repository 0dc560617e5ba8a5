import { updateDocument } from '../clients/blob-store.ts';
import { TransientError } from '../clients/errors.ts';
import { parseDocument } from '../domain/documents.ts';
import { OperatorError } from '../domain/errors.ts';
import { prunedMeanwhile } from '../domain/pruning-words.ts';
import { type BackupRecord, recordPath } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

/** `by`: the restore that needs the backup. `until`: ISO 8601 UTC. */
export type HoldRestoreBackupInput = Readonly<{ hsm: string; folder: string; by: string; until: string; reason: string }>;

/**
 * Keeps retention from a backup that a restore needs. Idempotent; a backup without a record is not touched by retention anyway. Refused when
 * retention has given it up.
 */
export const holdRestoreBackup = defineActivity(
  'holdRestoreBackup',
  ['restore'],
  ({ backups }) =>
    async ({ hsm, folder, by, until, reason }: HoldRestoreBackupInput): Promise<null> => {
      const path = recordPath(hsm, folder);
      const written = await updateDocument(backups(hsm), path, (text) => {
        if (text === undefined) return undefined;
        const record = parseDocument<BackupRecord>(text, 'hsmkeep.record/1', path);
        if (record.gone) {
          const { message, hint } = prunedMeanwhile(folder);
          throw new OperatorError(message, hint);
        }
        const others = record.holds.filter((hold) => hold.by !== by);
        return JSON.stringify({ ...record, holds: [...others, { by, until, reason }] } satisfies BackupRecord);
      });
      if (!written) throw new TransientError(`the record of ${folder} kept being changed by others`);
      return null;
    },
);
