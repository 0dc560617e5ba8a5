import type { JobStart } from '../domain/job.ts';
import { defineActivity } from './define-activity.ts';

export type StartPreRestoreInput = Readonly<{ hsm: string; folder: string }>;

/**
 * Asks the HSM whether it would restore this backup; restores nothing. One request, never repeated here.
 *
 * @see https://learn.microsoft.com/rest/api/keyvault/administration/pre-full-restore-operation
 */
export const startPreRestore = defineActivity(
  'startPreRestore',
  ['restore'],
  ({ hsm, hsmConfig }) =>
    ({ hsm: name, folder }: StartPreRestoreInput): Promise<JobStart> =>
      hsm(name).startPreRestore(hsmConfig(name).backupTo, folder),
);
