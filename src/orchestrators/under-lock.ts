import type { OrchestrationContext } from 'durable-functions';
import { acquireLock } from '../activities/acquire-lock.ts';
import { releaseLock } from '../activities/release-lock.ts';
import { lockTooLong } from '../domain/problems.ts';
import { LOCK_WAITS, waitMs } from '../domain/waiting.ts';
import { call, StepFailed, type Steps, sleep } from './durable.ts';
import type { RunLog } from './run-log.ts';
import { affordable } from './turns.ts';

/**
 * Does work on an HSM while no other run of hsmkeep does; waits for the lock until a deadline.
 *
 * @throws {StepFailed} when the lock could not be had, or what the work threw.
 */
export function* underLock<T>(context: OrchestrationContext, log: RunLog, hsm: string, work: () => Steps<T>): Steps<T> {
  const owner = context.df.instanceId;
  yield* takeLock(context, log, hsm, owner);
  try {
    return yield* work();
  } finally {
    yield* giveBack(context, hsm, owner);
  }
}

function* takeLock(context: OrchestrationContext, log: RunLog, hsm: string, owner: string): Steps<void> {
  log.begin('Lock');
  const waits = affordable(context, LOCK_WAITS);
  for (let look = 0; ; look += 1) {
    const at = context.df.currentUtcDateTime.toISOString();
    const lock = yield* call(context, acquireLock, { hsm, owner, at, step: log.run.kind });
    if (lock.status === 'acquired') return log.done();
    if (look === waits.looks) throw new StepFailed(lockTooLong(hsm, lock));
    log.waiting(`${lock.owner} works on ${hsm}${lock.step ? ` (${lock.step})` : ''}`);
    yield* sleep(context, waitMs(waits, look));
  }
}

/** A lock that could not be given back is taken over by the next run, because this one's record says that it ended. */
function* giveBack(context: OrchestrationContext, hsm: string, owner: string): Steps<void> {
  try {
    yield* call(context, releaseLock, { hsm, owner });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
}
