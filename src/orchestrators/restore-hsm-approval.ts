import type { OrchestrationContext } from 'durable-functions';
import { type ApprovedRestore, checkRestoreApproval } from '../activities/check-restore-approval.ts';
import { APPROVAL_WAITS, waitMs } from '../domain/waiting.ts';
import { call, type Steps } from './durable.ts';
import type { RunLog } from './run-log.ts';

/** Raised when somebody has decided. It carries the approval's id and is only a nudge: what counts is what is stored. */
export const APPROVAL_EVENT = 'restoreDecided';

/**
 * Waits until a second person has approved the plan.
 *
 * @throws {StepFailed} when it was rejected, has expired, or what is stored does not count.
 */
export function* awaitApproval(context: OrchestrationContext, log: RunLog, plan: string): Steps<ApprovedRestore> {
  log.begin('Approval');
  let announced = context.df.waitForExternalEvent(APPROVAL_EVENT);
  for (let look = 0; ; look += 1) {
    const now = context.df.currentUtcDateTime;
    const found = yield* call(context, checkRestoreApproval, { plan, at: now.toISOString() });
    if (found.status === 'approved') {
      log.done(`by ${found.by}`);
      return found.restore;
    }

    log.waiting(`another person has to approve it until ${found.expiresAt}: hsmkeep restore approve ${plan}`);
    // One look after the plan has expired tells so.
    const nextMs = Math.min(waitMs(APPROVAL_WAITS, look), Date.parse(found.expiresAt) + 1_000 - now.getTime());
    const timer = context.df.createTimer(new Date(now.getTime() + nextMs));
    const first = yield context.df.Task.any([announced, timer]);
    if (first === announced) {
      timer.cancel();
      announced = context.df.waitForExternalEvent(APPROVAL_EVENT);
    }
  }
}
