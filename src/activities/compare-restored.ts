import { destroyedBy, diffContent, withoutUncertain } from '../domain/restore/diff.ts';
import { isRestored, type LostAssignment, lostAssignments, type RestoreOutcome } from '../domain/restore/outcome.ts';
import { outcomePath } from '../domain/restore/plan.ts';
import type { ApprovedRestore } from './check-restore-approval.ts';
import { defineActivity } from './define-activity.ts';
import { readAfterRestore } from './read-after-restore.ts';

export type CompareRestoredInput = Readonly<{ restore: ApprovedRestore; at: string }>;
/** The counts and the first of what was found; all of it is in the restore's outcome document. */
export type CompareRestoredResult = Readonly<{
  /** False: the target or the backup's inventory cannot be read. */
  comparable: boolean;
  principalId: string | null;
  /** What differs from the backup still. */
  differences: readonly string[];
  lost: readonly LostAssignment[];
  lostCount: number;
}>;

/** Durable state holds what a message can show. */
const MOST_KEPT = 10;

/** Compares a restored HSM with the backup, and with what it held before, and keeps the result beside the plan. Idempotent. */
export const compareRestored = defineActivity(
  'compareRestored',
  ['restore'],
  (clients) =>
    async ({ restore, at }: CompareRestoredInput): Promise<CompareRestoredResult> => {
      const { id, target } = restore;
      const { before, backup, uncertain, now, principalId } = await readAfterRestore(clients, restore);
      const remaining = withoutUncertain(diffContent(now, backup), uncertain);
      const lost = lostAssignments(target, before, now);
      const outcome: RestoreOutcome = { schema: 'hsmkeep.restore-outcome/1', plan: id, at, remaining, lostAssignments: lost };
      await clients.documents.write(outcomePath(id), JSON.stringify(outcome));
      return {
        comparable: remaining.keys !== 'unreadable',
        principalId,
        differences: isRestored(remaining) ? [] : differencesIn(remaining).slice(0, MOST_KEPT),
        lost: lost.slice(0, MOST_KEPT),
        lostCount: lost.length,
      };
    },
);

function differencesIn(diff: RestoreOutcome['remaining']): string[] {
  const missing = (['keys', 'roleDefinitions', 'roleAssignments'] as const).flatMap((part) => {
    const items = diff[part];
    return items === 'unreadable' ? [] : items.comeBack.map((item) => `${part}/${item} is missing`);
  });
  const surplus = destroyedBy({ ...diff, deletedKeys: NOTHING, settings: NOTHING }).filter((item) => !item.endsWith(': unreadable'));
  return [...missing, ...surplus];
}

const NOTHING = { vanish: [], comeBack: [], change: [] };
