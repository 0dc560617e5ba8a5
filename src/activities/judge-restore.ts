import { readBackupContent, readContentBefore } from '../clients/restores.ts';
import { narrowTo } from '../domain/restore/content.ts';
import { type Evidence, evidenceOf } from '../domain/restore/outcome.ts';
import type { ApprovedRestore } from './check-restore-approval.ts';
import { defineActivity } from './define-activity.ts';
import { readRestoreContent } from './read-restore-content.ts';

export type JudgeRestoreInput = Readonly<{ restore: ApprovedRestore }>;

const BUDGET_MS = 180_000;

/** Tells by what the target holds whether a restore went through whose answer was lost. Asked when nothing runs on the HSM any more. */
export const judgeRestore = defineActivity(
  'judgeRestore',
  ['restore'],
  ({ hsm, backups, documents }) =>
    async ({ restore }: JudgeRestoreInput): Promise<Readonly<{ evidence: Evidence; principalId: string | null }>> => {
      const { id, source, target, folder, scope } = restore;
      const [before, inventory, now, principalId] = await Promise.all([
        readContentBefore(documents, id),
        readBackupContent(backups(source), source, folder),
        readRestoreContent(hsm(target), scope, BUDGET_MS),
        hsm(target).callerId(),
      ]);
      const { content, uncertain } = inventory;
      return { evidence: evidenceOf({ before, backup: narrowTo(content, scope), uncertain, now: now.content }), principalId };
    },
);
