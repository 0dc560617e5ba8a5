import { intentPath, stagingPath } from '../domain/intent.ts';
import { defineActivity } from './define-activity.ts';

export type ClearStagingInput = Readonly<{ hsm: string; run: string }>;

/** Removes what a run had staged. Idempotent. */
export const clearStaging = defineActivity(
  'clearStaging',
  ['backup'],
  ({ backups, documents }) =>
    async ({ hsm, run }: ClearStagingInput): Promise<null> => {
      const store = backups(hsm);
      for await (const { name } of store.listBlobs(stagingPath(hsm, run))) await store.remove(name);
      await documents.remove(intentPath(run));
      return null;
    },
);
