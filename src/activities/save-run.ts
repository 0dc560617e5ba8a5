import { OperatorError } from '../domain/errors.ts';
import type { Run } from '../domain/run.ts';
import { runPath } from '../domain/run-id.ts';
import { defineActivity } from './define-activity.ts';

export type SaveRunInput = Readonly<{ run: Run }>;

/** Stores a run's record. Idempotent: the path follows from the run's id. */
export const saveRun = defineActivity(
  'saveRun',
  ['backup', 'restore', 'rotate'],
  ({ documents }) =>
    async ({ run }: SaveRunInput): Promise<null> => {
      const path = runPath(run.id);
      if (!path)
        throw new OperatorError(`${run.id} is not the id of a run.`, 'Start runs through the schedule, the HTTP API or the command line.');
      await documents.write(path, JSON.stringify(run));
      return null;
    },
);
