import { updateRecord } from '../clients/records.ts';
import type { CopyState } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

export type NoteCopyInput = Readonly<{ hsm: string; folder: string; copy: CopyState }>;

/** Writes down in a backup's record how its second copy stands, guarded by its ETag. Idempotent; a complete copy stays complete. */
export const noteCopy = defineActivity(
  'noteCopy',
  ['backup'],
  ({ backups }) =>
    async ({ hsm, folder, copy }: NoteCopyInput): Promise<null> => {
      await updateRecord(backups(hsm), hsm, folder, (record) => {
        const isDone = record?.copy?.container === copy.container && record.copy.completedAt !== null;
        return record && !isDone ? { ...record, copy } : undefined;
      });
      return null;
    },
);
