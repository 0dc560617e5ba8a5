import type { JobCheck } from '../domain/job.ts';
import type { CheckJobInput } from './check-backup-job.ts';
import { defineActivity } from './define-activity.ts';

/**
 * Asks an HSM once how a restore or pre-restore check stands: a right of the restore duty alone.
 *
 * @see https://learn.microsoft.com/rest/api/keyvault/administration/restore-status
 */
export const checkRestoreJob = defineActivity(
  'checkRestoreJob',
  ['restore'],
  ({ hsm }) =>
    ({ hsm: name, job }: CheckJobInput): Promise<JobCheck> =>
      hsm(name).checkJob(job),
);
