import type { BlobStore } from '../clients/blob-store.ts';
import { readCanary } from '../clients/canary.ts';
import { updateRecord } from '../clients/records.ts';
import { readBackupContent } from '../clients/restores.ts';
import { type Canary, canaryOf, holdsCanary } from '../domain/canary.ts';
import { type BackupRecord, withProof } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

export type WriteRecordInput = Readonly<{ record: Omit<BackupRecord, 'schema' | 'securityDomain' | 'seal'> }>;

/** Writes the record beside a backup. Idempotent; proofs, holds, marks and the like that another run has written meanwhile stay. */
export const writeRecord = defineActivity(
  'writeRecord',
  ['backup'],
  ({ backups, hsmConfig }) =>
    async ({ record }: WriteRecordInput): Promise<null> => {
      const store = backups(record.hsm);
      const canary = record.status === 'complete' ? await canaryIn(store, record.hsm, record.folder) : undefined;
      const securityDomain = hsmConfig(record.hsm).securityDomain ?? null;
      const ours: BackupRecord = { schema: 'hsmkeep.record/1', ...record, securityDomain, ...(canary && { canary }) };

      await updateRecord(store, record.hsm, record.folder, (known) => {
        if (!known) return ours;
        // That a later step failed does not undo what was established.
        if (ours.status === 'failed' && known.status === 'complete') return undefined;
        const { proofs, holds, marks, copy, gone } = known;
        const merged = { ...ours, proofs, holds, marks, ...(copy && { copy }), ...(gone && { gone }) };
        return ours.proofs.reduce(withProof, merged);
      });
      return null;
    },
);

/** The HSM's canary, unless the backup is known to be without its version: with it in the record, a later canary takes nothing from this backup. */
async function canaryIn(store: BlobStore, hsm: string, folder: string): Promise<Canary | undefined> {
  const canary = await readCanary(store, hsm);
  if (!canary) return undefined;
  const { content } = await readBackupContent(store, hsm, folder);
  return holdsCanary(content.keys, canary) === false ? undefined : canaryOf(canary);
}
