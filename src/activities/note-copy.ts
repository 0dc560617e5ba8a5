import { updateDocument } from '../clients/blob-store.ts';
import { TransientError } from '../clients/errors.ts';
import { parseDocument } from '../domain/documents.ts';
import { type BackupRecord, type CopyState, recordPath } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

export type NoteCopyInput = Readonly<{ hsm: string; folder: string; copy: CopyState }>;

/** Writes down in a backup's record how its second copy stands, guarded by its ETag. Idempotent; a complete copy stays complete. */
export const noteCopy = defineActivity(
  'noteCopy',
  ['backup'],
  ({ backups }) =>
    async ({ hsm, folder, copy }: NoteCopyInput): Promise<null> => {
      const path = recordPath(hsm, folder);
      const written = await updateDocument(backups(hsm), path, (text) => {
        const record = text === undefined ? undefined : parseDocument<BackupRecord>(text, 'hsmkeep.record/1', path);
        if (!record) return undefined;
        const isDone = record.copy?.container === copy.container && record.copy.completedAt !== null;
        return isDone ? undefined : JSON.stringify({ ...record, copy } satisfies BackupRecord);
      });
      if (!written) throw new TransientError(`the record of ${folder} kept being changed by others`);
      return null;
    },
);
