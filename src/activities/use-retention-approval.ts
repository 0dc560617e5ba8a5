import { updateDocument } from '../clients/blob-store.ts';
import { TransientError } from '../clients/errors.ts';
import { parseDocument } from '../domain/documents.ts';
import { type RetentionApproval, retentionApprovalPath } from '../domain/retention-approval.ts';
import { defineActivity } from './define-activity.ts';

export type UseRetentionApprovalInput = Readonly<{ hsm: string; run: string; planHash: string }>;

/** Writes down that an approval is used up, guarded by its ETag; one that somebody has given meanwhile, for another plan, stays. Idempotent. */
export const useRetentionApproval = defineActivity(
  'useRetentionApproval',
  ['backup'],
  ({ documents }) =>
    async ({ hsm, run, planHash }: UseRetentionApprovalInput): Promise<null> => {
      const path = retentionApprovalPath(hsm);
      const written = await updateDocument(documents, path, (text) => {
        const approval = text === undefined ? undefined : parseDocument<RetentionApproval>(text, 'hsmkeep.retention-approval/1', path);
        const isIt = approval?.planHash === planHash && approval.usedBy === null;
        return isIt ? JSON.stringify({ ...approval, usedBy: run } satisfies RetentionApproval) : undefined;
      });
      if (!written) throw new TransientError(`the approval for ${hsm} kept being changed by others`);
      return null;
    },
);
