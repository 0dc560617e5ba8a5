import { updateDocument } from '../clients/blob-store.ts';
import { parseDocument } from '../domain/documents.ts';
import type { HsmJob } from '../domain/job.ts';
import { type HsmLock, lockPath } from '../domain/lock.ts';
import { defineActivity } from './define-activity.ts';

export type NoteLockStepInput = Readonly<{ hsm: string; owner: string; step: string; job: HsmJob | null }>;

/** Writes into the lock what its run is at, so that another run can judge whether the job is over. Idempotent; leaves another's lock alone. */
export const noteLockStep = defineActivity(
  'noteLockStep',
  ['backup', 'restore'],
  ({ documents }) =>
    async ({ hsm, owner, step, job }: NoteLockStepInput): Promise<null> => {
      const path = lockPath(hsm);
      await updateDocument(documents, path, (text) => {
        if (text === undefined) return undefined;
        const lock = parseDocument<HsmLock>(text, 'hsmkeep.lock/1', path);
        return lock.owner === owner ? JSON.stringify({ ...lock, step, job }) : undefined;
      });
      return null;
    },
);
