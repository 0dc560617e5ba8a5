import { readRun } from '../clients/runs.ts';
import type { Run } from '../domain/run.ts';
import { defineActivity } from './define-activity.ts';

/** How the run of another app ended, as its record says; null while it has not. */
export const checkSafetyBackup = defineActivity(
  'checkSafetyBackup',
  ['restore'],
  ({ documents }) =>
    async ({ run }: Readonly<{ run: string }>): Promise<Run | null> => {
      const found = await readRun(documents, run);
      return found?.endedAt ? found : null;
    },
);
