import { updateDocument } from '../clients/blob-store.ts';
import { TransientError } from '../clients/errors.ts';
import { parseDocument } from '../domain/documents.ts';
import { type BackupRecord, recordPath, withProof } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

export type WriteRecordInput = Readonly<{ record: Omit<BackupRecord, 'schema' | 'securityDomain'> }>;

/** Writes the record beside a backup. Idempotent; proofs, holds and marks that another run has written meanwhile stay. */
export const writeRecord = defineActivity(
  'writeRecord',
  ['backup'],
  ({ backups, hsmConfig }) =>
    async ({ record }: WriteRecordInput): Promise<null> => {
      const path = recordPath(record.hsm, record.folder);
      const ours: BackupRecord = { schema: 'hsmkeep.record/1', ...record, securityDomain: hsmConfig(record.hsm).securityDomain ?? null };

      const written = await updateDocument(backups(record.hsm), path, (text) => {
        if (text === undefined) return JSON.stringify(ours);
        const known = parseDocument<BackupRecord>(text, 'hsmkeep.record/1', path);
        // That a later step failed does not undo what was established.
        if (ours.status === 'failed' && known.status === 'complete') return text;
        const merged = { ...ours, proofs: known.proofs, holds: known.holds, marks: known.marks };
        return JSON.stringify(ours.proofs.reduce(withProof, merged));
      });
      if (!written) throw new TransientError(`the record of ${record.folder} kept being changed by others`);
      return null;
    },
);
