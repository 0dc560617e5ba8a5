import { listBackups } from '../clients/catalogue.ts';
import { atLeast } from '../domain/backup.ts';
import { OperatorError } from '../domain/errors.ts';
import { isProven } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

/** Without a folder: the newest hashed backup. */
export type ChooseBackupInput = Readonly<{ hsm: string; folder: string | null }>;
export type ChooseBackupResult = Readonly<{ folder: string; alreadyAccepted: boolean }>;

/** Finds the backup that a pre-restore check is about. */
export const chooseBackup = defineActivity(
  'chooseBackup',
  ['restore'],
  ({ backups }) =>
    async ({ hsm, folder }: ChooseBackupInput): Promise<ChooseBackupResult> => {
      const known = await listBackups(backups(hsm), hsm);
      const chosen = known.find((backup) => (folder === null ? isProven(backup, 'L1') : backup.folder === folder));
      if (chosen?.problem) throw new OperatorError(chosen.problem.message, chosen.problem.hint);
      if (chosen && chosen.status !== 'unrecorded') return { folder: chosen.folder, alreadyAccepted: atLeast(chosen.proof, 'L2') };

      if (chosen)
        throw new OperatorError(`${folder} has no record of ours.`, 'Run `hsmkeep backup now`; only recorded backups are checked.');
      throw new OperatorError(
        folder === null ? `There is no hashed backup of ${hsm} to check.` : `There is no backup ${folder} of ${hsm}.`,
        folder === null ? 'Run `hsmkeep backup now` first.' : `List them with \`hsmkeep backup list ${hsm}\`.`,
      );
    },
);
