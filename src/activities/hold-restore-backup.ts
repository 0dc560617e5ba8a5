import { updateRecord } from '../clients/records.ts';
import { OperatorError } from '../domain/errors.ts';
import { prunedMeanwhile } from '../domain/pruning-words.ts';
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
      await updateRecord(backups(hsm), hsm, folder, (record) => {
        if (record?.gone) {
          const { message, hint } = prunedMeanwhile(folder);
          throw new OperatorError(message, hint);
        }
        return record && { ...record, holds: [...record.holds.filter((hold) => hold.by !== by), { by, until, reason }] };
      });
      return null;
    },
);
