import { readPlan } from '../clients/restores.ts';
import { NotFoundError, OperatorError } from '../domain/errors.ts';
import type { ContentDocument } from '../domain/restore/content.ts';
import { blocked } from '../domain/restore/decision.ts';
import { addedDestruction, countDestroyed, destroyedBy } from '../domain/restore/diff.ts';
import { beforePath, type RestorePlan } from '../domain/restore/plan.ts';
import { planChanged } from '../domain/restore/problems.ts';
import { defineActivity } from './define-activity.ts';
import { type FoundRestore, findRestore } from './find-restore.ts';

export type ReplanRestoreInput = Readonly<{ plan: string; at: string }>;

/** Keys of a large HSM take their time; the run has it, and holds the lock. */
const BUDGET_MS = 180_000;

/**
 * Plans an approved restore again, right before it is done, and keeps what the target holds now. Fewer items destroyed is fine.
 * Refused: anything destroyed beyond what was approved, another manifest, and whatever keeps the plan from being carried out by now.
 *
 * @returns How many items are destroyed, of what can be read.
 */
export const replanRestore = defineActivity(
  'replanRestore',
  ['restore'],
  (clients) =>
    async ({ plan: id, at }: ReplanRestoreInput): Promise<Readonly<{ destroyed: number }>> => {
      const plan = await readPlan(clients.documents, id);
      if (!plan) throw new NotFoundError(`There is no restore ${id}.`, 'Plan one: hsmkeep restore plan <hsm>');
      const found = await findRestore(clients, { ...plan, selector: { folder: plan.folder } }, at, BUDGET_MS);
      requireUnchanged(plan, found);

      const before: ContentDocument = {
        schema: 'hsmkeep.inventory/1',
        hsm: plan.target,
        folder: plan.folder,
        parts: found.live,
        uncertain: [],
      };
      // Never over what an earlier entry kept: by then the target may hold something else.
      await clients.documents.write(beforePath(id), JSON.stringify(before), { ifAbsent: true });
      return { destroyed: countDestroyed(found.findings.diff) };
    },
);

/** @throws {OperatorError} when the findings are not what was approved. */
export function requireUnchanged(plan: RestorePlan, { findings }: FoundRestore): void {
  const added = addedDestruction(destroyedBy(plan.diff), destroyedBy(findings.diff));
  if (findings.manifestSha256 !== plan.manifestSha256) added.push(`the manifest of ${plan.folder} (it is another one now)`);
  const problem = added.length > 0 ? planChanged(plan, added) : blocked({ ...plan, preflights: findings.preflights });
  if (problem) throw new OperatorError(problem.message, problem.hint);
}
