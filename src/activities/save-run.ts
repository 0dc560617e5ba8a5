import { writeRun } from '../clients/runs.ts';
import type { Run } from '../domain/run.ts';
import { defineActivity } from './define-activity.ts';

export type SaveRunInput = Readonly<{ run: Run }>;

/** Stores a run's record. Idempotent: the path follows from the run's id. */
export const saveRun = defineActivity(
  'saveRun',
  ['backup', 'restore', 'rotate'],
  ({ documents }) =>
    async ({ run }: SaveRunInput): Promise<null> => {
      await writeRun(documents, run);
      return null;
    },
);
