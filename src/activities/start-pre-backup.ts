import type { JobStart } from '../domain/job.ts';
import { defineActivity } from './define-activity.ts';

/**
 * Starts the HSM's own check that a backup would work; makes no folder. One request, never repeated here.
 *
 * @see https://learn.microsoft.com/rest/api/keyvault/administration/pre-full-backup
 */
export const startPreBackup = defineActivity(
  'startPreBackup',
  ['backup'],
  ({ hsm, hsmConfig }) =>
    ({ hsm: name }: Readonly<{ hsm: string }>): Promise<JobStart> =>
      hsm(name).startPreBackup(hsmConfig(name).backupTo),
);
