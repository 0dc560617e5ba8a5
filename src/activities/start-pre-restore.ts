import { readFrom } from '../clients/restore-source.ts';
import type { JobStart } from '../domain/job.ts';
import { defineActivity } from './define-activity.ts';

/** `source`: the HSM whose backup it is, when it is another one's. `landing`: the container to read, when the backup is a copy. */
export type StartPreRestoreInput = Readonly<{ hsm: string; folder: string; source?: string; landing?: string | undefined }>;

/**
 * Asks the HSM whether it would restore this backup; restores nothing. One request, never repeated here.
 *
 * @see https://learn.microsoft.com/rest/api/keyvault/administration/pre-full-restore-operation
 */
export const startPreRestore = defineActivity(
  'startPreRestore',
  ['restore'],
  (clients) =>
    ({ hsm, folder, source = hsm, landing }: StartPreRestoreInput): Promise<JobStart> =>
      clients.hsm(hsm).startPreRestore(readFrom(clients, { source, ...(landing !== undefined && { landing }) }), folder),
);
