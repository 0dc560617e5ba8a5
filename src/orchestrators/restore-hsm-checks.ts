import type { OrchestrationContext } from 'durable-functions';
import type { ApprovedRestore } from '../activities/check-restore-approval.ts';
import { compareRestored } from '../activities/compare-restored.ts';
import { repairRoles } from '../activities/repair-roles.ts';
import { startPreRestore } from '../activities/start-pre-restore.ts';
import { checkLost, hasNoCureInTime, jobFailed } from '../domain/problems.ts';
import { OLD_ENOUGH_MS } from '../domain/restore/preflights.ts';
import { assignmentsLost, cannotCompare, differencesLeft, neverFree } from '../domain/restore/problems.ts';
import { call, problemOf, StepFailed, type Steps, sleep } from './durable.ts';
import { followJob, NeverTaken, startJob } from './follow-job.ts';
import type { RunLog } from './run-log.ts';

/**
 * Asks the target whether it would take the backup. One that is refused while it is younger than 30 minutes is offered again when it is not,
 * unless the refusal says another reason.
 *
 * @throws {StepFailed} when it would not.
 */
export function* checkBeforeRestore(context: OrchestrationContext, log: RunLog, restore: ApprovedRestore): Steps<void> {
  const { target, folder, takenAt, container, landing } = restore;
  for (let isLast = false; ; isLast = true) {
    log.begin('Pre-restore check');
    const started = yield* startCheck(context, log, restore);
    const check = yield* followJob(context, log, target, started.job, started.retryAfterMs);
    if (check.status === 'succeeded') return log.done();
    if (check.status === 'unknown') throw new StepFailed(checkLost(target));

    const problem = jobFailed(target, 'pre-restore check', check.code, check.detail, `${landing ?? container}/${folder}`);
    const oldEnoughMs = Date.parse(takenAt) + OLD_ENOUGH_MS - context.df.currentUtcDateTime.getTime();
    if (isLast || oldEnoughMs <= 0 || hasNoCureInTime(check.code)) throw new StepFailed(problem);
    log.waiting(
      `${problem.message} It is offered again when it is 30 minutes old, at ${new Date(Date.parse(takenAt) + OLD_ENOUGH_MS).toISOString()}`,
    );
    yield* sleep(context, oldEnoughMs);
  }
}

function* startCheck(context: OrchestrationContext, log: RunLog, restore: ApprovedRestore) {
  const { target, source, folder, landing } = restore;
  try {
    return yield* startJob(context, log, target, startPreRestore, { hsm: target, source, folder, landing });
  } catch (error) {
    if (error instanceof NeverTaken) throw new StepFailed(neverFree(restore, error.minutes));
    throw error;
  }
}

/** An HSM refuses requests for a while after its restore has ended. */
const LOCK_TAIL_MS = 10_000;

/** Waits until the target answers again, and compares what it holds with the backup and with what it held before. Trouble degrades the run. @returns Whether it holds what the backup holds, as far as that certainly is in it. */
export function* compareAfterRestore(context: OrchestrationContext, log: RunLog, restore: ApprovedRestore): Steps<boolean> {
  const { target, id } = restore;
  log.begin('Compare');
  log.waiting(`${target} lets nobody in for a moment`);
  yield* sleep(context, LOCK_TAIL_MS);
  try {
    const at = context.df.currentUtcDateTime.toISOString();
    const found = yield* call(context, compareRestored, { restore, at });
    if (!found.comparable) log.degrade(cannotCompare(target, found.principalId));
    else if (found.differences.length > 0) log.degrade(differencesLeft(restore, found.differences));
    else log.done(`${target} holds what the backup holds`);
    const isSame = found.comparable && found.differences.length === 0;
    if (found.lostCount === 0) return isSame;

    log.begin('Role assignments');
    const repair = yield* call(context, repairRoles, { plan: id, target });
    if (repair.status === 'repaired') log.done(`${repair.repaired} that were made after the backup are given again`);
    else log.degrade(assignmentsLost(restore, found.lost, found.lostCount));
    return isSame;
  } catch (error) {
    log.degrade({
      message: `The comparison is missing: ${problemOf(error).message}`,
      hint: `The restore itself went through. ${cannotCompare(target, null).hint}`,
    });
    return false;
  }
}
