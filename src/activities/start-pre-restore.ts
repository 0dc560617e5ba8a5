import type { JobStart } from '../domain/job.ts';
import { defineActivity } from './define-activity.ts';

/** `source`: the HSM whose backup it is, when it is another one's. */
export type StartPreRestoreInput = Readonly<{ hsm: string; folder: string; source?: string }>;

/**
 * Asks the HSM whether it would restore this backup; restores nothing. One request, never repeated here.
 *
 * @see https://learn.microsoft.com/rest/api/keyvault/administration/pre-full-restore-operation
 */
export const startPreRestore = defineActivity(
  'startPreRestore',
  ['restore'],
  ({ hsm, hsmConfig }) =>
    ({ hsm: name, folder, source = name }: StartPreRestoreInput): Promise<JobStart> =>
      hsm(name).startPreRestore(hsmConfig(source).backupTo, folder),
);
