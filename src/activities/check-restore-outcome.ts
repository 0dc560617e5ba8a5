import { RefusedError } from '../clients/errors.ts';
import type { JobCheck } from '../domain/job.ts';
import type { CheckJobInput } from './check-backup-job.ts';
import { defineActivity } from './define-activity.ts';

/** `forbidden`: the HSM no longer lets us ask, as after a restore of role assignments that do not hold ours. */
export type RestoreCheck = JobCheck | Readonly<{ status: 'forbidden'; principalId: string | null }>;

/** Asks an HSM once how a restore stands. That it says no to us is an answer: a full restore may take our own role away. */
export const checkRestoreOutcome = defineActivity(
  'checkRestoreOutcome',
  ['restore'],
  ({ hsm }) =>
    async ({ hsm: name, job }: CheckJobInput): Promise<RestoreCheck> => {
      try {
        return await hsm(name).checkJob(job);
      } catch (error) {
        if (!(error instanceof RefusedError && error.refusal.kind === 'forbidden')) throw error;
        return { status: 'forbidden', principalId: await hsm(name).callerId() };
      }
    },
);
