import { readDecision, readPlan } from '../clients/restores.ts';
import { NotFoundError, OperatorError } from '../domain/errors.ts';
import { blocked, expired, objectionTo } from '../domain/restore/decision.ts';
import type { RestorePlan } from '../domain/restore/plan.ts';
import { planRejected } from '../domain/restore/problems.ts';
import { defineActivity } from './define-activity.ts';

/** `at`: ISO 8601 UTC. */
export type CheckRestoreApprovalInput = Readonly<{ plan: string; at: string }>;
/** What may be carried out, as it was approved; all that the run needs of the plan. */
export type ApprovedRestore = Pick<RestorePlan, 'id' | 'source' | 'target' | 'container' | 'folder' | 'takenAt' | 'scope' | 'landing'>;
export type CheckRestoreApprovalResult = Readonly<
  { status: 'waiting'; expiresAt: string } | { status: 'approved'; by: string; restore: ApprovedRestore }
>;

/**
 * Loads a plan and what was said to it, and holds both against the rules. Nothing that an event says is believed: only what is stored counts.
 * Refused: a plan that was rejected, has expired or was changed, and an approval that does not count.
 */
export const checkRestoreApproval = defineActivity(
  'checkRestoreApproval',
  ['restore'],
  ({ documents }) =>
    async ({ plan: id, at }: CheckRestoreApprovalInput): Promise<CheckRestoreApprovalResult> => {
      const plan = await readPlan(documents, id);
      if (!plan) throw new NotFoundError(`There is no restore ${id}.`, 'Plan one: hsmkeep restore plan <hsm>');
      const decision = await readDecision(documents, id);

      const objection = (at > plan.expiresAt ? expired(plan) : undefined) ?? (decision ? objectionTo(plan, decision) : blocked(plan));
      if (objection) throw new OperatorError(objection.message, objection.hint);
      if (!decision) return { status: 'waiting', expiresAt: plan.expiresAt };
      if (decision.verdict === 'rejected') {
        const { message, hint } = planRejected(decision.by.name, decision.note);
        throw new OperatorError(message, hint);
      }
      return { status: 'approved', by: decision.by.name, restore: approvedRestore(plan) };
    },
);

/** What a run needs of a plan. */
export const approvedRestore = ({ id, source, target, container, folder, takenAt, scope, landing }: RestorePlan): ApprovedRestore => ({
  id,
  source,
  target,
  container,
  folder,
  takenAt,
  scope,
  ...(landing !== undefined && { landing }),
});
