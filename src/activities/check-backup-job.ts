import type { HsmJob, JobCheck } from '../domain/job.ts';
import { defineActivity } from './define-activity.ts';

export type CheckJobInput = Readonly<{ hsm: string; job: HsmJob }>;

/**
 * Asks an HSM once how a backup or pre-backup check stands.
 *
 * @see https://learn.microsoft.com/rest/api/keyvault/administration/full-backup-status
 */
export const checkBackupJob = defineActivity(
  'checkBackupJob',
  ['backup'],
  ({ hsm }) =>
    ({ hsm: name, job }: CheckJobInput): Promise<JobCheck> =>
      hsm(name).checkJob(job),
);
