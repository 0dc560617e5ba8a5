import { updateDocument } from '../clients/blob-store.ts';
import { TransientError } from '../clients/errors.ts';
import { parseDocument } from '../domain/documents.ts';
import { type BackupRecord, type Proof, recordPath, withProof } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

export type AddProofInput = Readonly<{ hsm: string; folder: string; proof: Proof }>;

/** Adds a proof to a backup's record, guarded by its ETag. Idempotent. */
export const addProof = defineActivity(
  'addProof',
  ['restore'],
  ({ backups }) =>
    async ({ hsm, folder, proof }: AddProofInput): Promise<null> => {
      const path = recordPath(hsm, folder);
      const written = await updateDocument(backups(hsm), path, (text) =>
        text === undefined ? undefined : JSON.stringify(withProof(parseDocument<BackupRecord>(text, 'hsmkeep.record/1', path), proof)),
      );
      if (!written) throw new TransientError(`the record of ${folder} kept being changed by others`);
      return null;
    },
);
