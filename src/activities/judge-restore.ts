import { type Evidence, evidenceOf } from '../domain/restore/outcome.ts';
import type { ApprovedRestore } from './check-restore-approval.ts';
import { defineActivity } from './define-activity.ts';
import { readAfterRestore } from './read-after-restore.ts';

export type JudgeRestoreInput = Readonly<{ restore: ApprovedRestore }>;

/** Tells by what the target holds whether a restore went through whose answer was lost. Asked when nothing runs on the HSM any more. */
export const judgeRestore = defineActivity(
  'judgeRestore',
  ['restore'],
  (clients) =>
    async ({ restore }: JudgeRestoreInput): Promise<Readonly<{ evidence: Evidence; principalId: string | null }>> => {
      const { before, backup, uncertain, now, principalId } = await readAfterRestore(clients, restore);
      return { evidence: evidenceOf({ before, backup, uncertain, now }), principalId };
    },
);
