import type { OrchestrationContext, Task } from 'durable-functions';
import { type ApprovedRestore, checkRestoreApproval } from '../activities/check-restore-approval.ts';
import { announcedTooOften } from '../domain/restore/problems.ts';
import { APPROVAL_WAITS, waitMs } from '../domain/waiting.ts';
import { call, StepFailed, type Steps } from './durable.ts';
import type { RunLog } from './run-log.ts';

/** Raised when somebody has decided. It carries the approval's id and is only a nudge: what counts is what is stored. */
export const APPROVAL_EVENT = 'restoreDecided';

/** Far more than the hours until a plan expires take. */
const MOST_LOOKS = 40;

/**
 * Waits until a second person has approved the plan.
 *
 * @throws {StepFailed} when it was rejected, has expired, or what is stored does not count.
 */
export function* awaitApproval(context: OrchestrationContext, log: RunLog, plan: string): Steps<ApprovedRestore> {
  log.begin('Approval');
  // A wait that its timer has overtaken still takes an event, and may take it while this run looks at what is stored.
  let waits: readonly Task[] = [];
  for (let look = 0; ; look += 1) {
    const now = context.df.currentUtcDateTime;
    const found = yield* call(context, checkRestoreApproval, { plan, at: now.toISOString() });
    if (found.status === 'approved') {
      log.done(`by ${found.by}`);
      return found.restore;
    }

    if (look === MOST_LOOKS) throw new StepFailed(announcedTooOften(plan));
    log.waiting(`another person has to approve it until ${found.expiresAt}: hsmkeep restore approve ${plan}`);
    const open = waits.filter(({ isCompleted }) => !isCompleted);
    const wasNudged = open.length < waits.length;
    waits = wasNudged ? open : [...open, yield* waitForWord(context, found.expiresAt, look)];
  }
}

/** Waits for the next word, or the next look; one look comes right after the plan has expired. @returns The wait, which may still be open. */
function* waitForWord(context: OrchestrationContext, expiresAt: string, look: number): Steps<Task> {
  const now = context.df.currentUtcDateTime.getTime();
  const nextMs = Math.min(waitMs(APPROVAL_WAITS, look), Date.parse(expiresAt) + 1_000 - now);
  const word = context.df.waitForExternalEvent(APPROVAL_EVENT);
  const timer = context.df.createTimer(new Date(now + nextMs));
  yield context.df.Task.any([word, timer]);
  // Both may have come at once; a timer that is over cannot be canceled.
  if (!timer.isCompleted) timer.cancel();
  return word;
}
