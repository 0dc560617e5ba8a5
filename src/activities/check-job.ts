import type { HsmJob, JobCheck } from '../domain/job.ts';
import { defineActivity } from './define-activity.ts';

/** Asks an HSM once how one of its jobs stands. */
export const checkJob = defineActivity(
  'checkJob',
  ['backup', 'restore'],
  ({ hsm }) =>
    ({ hsm: name, job }: Readonly<{ hsm: string; job: HsmJob }>): Promise<JobCheck> =>
      hsm(name).checkJob(job),
);
