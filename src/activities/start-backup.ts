import type { JobStart } from '../domain/job.ts';
import { defineActivity } from './define-activity.ts';
import { foldersSinceIntent } from './find-new-folders.ts';

export type StartBackupInput = Readonly<{ hsm: string; run: string }>;
/** `adopted`: a folder of this night is there already, whoever started it. */
export type StartBackupResult = JobStart | Readonly<{ status: 'adopted'; folder: string }>;

/**
 * Starts a full backup, unless one of this night is there already. The listing belongs inside: an activity may run twice,
 * and the second time must find what the first one began. One request, never repeated here.
 *
 * @see https://learn.microsoft.com/rest/api/keyvault/administration/full-backup
 */
export const startBackup = defineActivity(
  'startBackup',
  ['backup'],
  (clients) =>
    async ({ hsm, run }: StartBackupInput): Promise<StartBackupResult> => {
      const [folder] = await foldersSinceIntent(clients.documents, clients.backups(hsm), hsm, run);
      if (folder !== undefined) return { status: 'adopted', folder };
      return clients.hsm(hsm).startBackup(clients.hsmConfig(hsm).backupTo);
    },
);
