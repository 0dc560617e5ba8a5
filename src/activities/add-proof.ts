import { updateRecord } from '../clients/records.ts';
import { type Proof, withProof } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

export type AddProofInput = Readonly<{ hsm: string; folder: string; proof: Proof }>;

/** Adds a proof to a backup's record, guarded by its ETag. Idempotent. */
export const addProof = defineActivity(
  'addProof',
  ['restore'],
  ({ backups }) =>
    async ({ hsm, folder, proof }: AddProofInput): Promise<null> => {
      await updateRecord(backups(hsm), hsm, folder, (record) => record && withProof(record, proof));
      return null;
    },
);
