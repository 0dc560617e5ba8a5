import type { OrchestrationContext } from 'durable-functions';
import type { ApprovedRestore } from '../activities/check-restore-approval.ts';
import { checkRestoreOutcome } from '../activities/check-restore-outcome.ts';
import { judgeRestore } from '../activities/judge-restore.ts';
import { startPreRestore } from '../activities/start-pre-restore.ts';
import { type StartRestoreResult, startRestore } from '../activities/start-restore.ts';
import type { HsmJob } from '../domain/job.ts';
import { jobFailed } from '../domain/problems.ts';
import { restoredVersions } from '../domain/restore/outcome.ts';
import {
  accessLost,
  answerLostFoundRestored,
  neitherState,
  neverFree,
  neverStarted,
  nothingRestored,
  outcomeUnknown,
  restoreFailed,
} from '../domain/restore/problems.ts';
import type { Problem } from '../domain/views.ts';
import { call, StepFailed, StepRefused, type Steps, sleep } from './durable.ts';
import { followJob, followWith, NeverTaken, startJob } from './follow-job.ts';
import { noteJob } from './note-job.ts';
import type { RunLog } from './run-log.ts';
import { turnsLeft } from './turns.ts';

/** A restore under its lock. `safety`: the folder that leads back. */
export type Restoring = Readonly<{ context: OrchestrationContext; log: RunLog; restore: ApprovedRestore; safety: string }>;

/** `restored`: the target holds the backup; `unknown`: it does not let us look, and the run has said so. */
export type RestoreEnd = 'restored' | 'unknown';

const MOST_ATTEMPTS = 3;
/** A request whose answer was lost may still be on its way; so long it takes at most. */
const IN_FLIGHT_MS = 10_000;

/**
 * Has the HSM restore the backup, once: a start whose answer was lost is never repeated before it is known that nothing came of it.
 *
 * @throws {StepFailed} when it was not restored.
 */
export function* runRestore(restoring: Restoring): Steps<RestoreEnd> {
  const { log, restore } = restoring;
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    log.begin('Start');
    const started = yield* start(restoring, attempt);
    const end = started.status === 'started' ? yield* follow(restoring, started.job, started.retryAfterMs) : yield* findOut(restoring);
    if (end !== 'untouched') return end;
    if ('refusal' in started && started.refusal) {
      log.begin('Start');
      throw new StepFailed(started.refusal);
    }
    if (turnsLeft(restoring.context) === 0) throw new StepFailed(neverStarted(restore.target, attempt));
  }
  throw new StepFailed(neverStarted(restore.target, MOST_ATTEMPTS));
}

type Unclear = Extract<StartRestoreResult, { status: 'unclear' }>;
type Started = Extract<StartRestoreResult, { status: 'started' }>;
/** `refusal`: why our side would not do it; there is none when nobody can tell. */
type BrokeOff = Readonly<{ status: 'unclear'; refusal?: Problem }>;

function* start(restoring: Restoring, attempt: number): Steps<Started | Unclear | BrokeOff> {
  const started = yield* enter(restoring, attempt);
  if (started.status === 'declined') throw new StepFailed(started.problem);
  if (started.status === 'started')
    yield* noteJob(restoring.context, restoring.restore.target, `restore, way back ${restoring.safety}`, started.job);
  return started;
}

/** Sends the request. When that breaks off, only what the HSM holds can tell how far it came, or an earlier try of it. */
function* enter({ context, log, restore }: Restoring, attempt: number): Steps<Exclude<StartRestoreResult, Waits> | BrokeOff> {
  try {
    return yield* startJob(context, log, restore.target, startRestore, { restore, attempt });
  } catch (error) {
    // That it never took the request is no lost answer.
    if (error instanceof NeverTaken) throw new StepFailed(neverFree(restore, error.minutes));
    if (!(error instanceof StepFailed)) throw error;
    log.waiting(error.problem.message);
    return { status: 'unclear', ...(error instanceof StepRefused && { refusal: error.problem }) };
  }
}

type Waits = Readonly<{ status: 'busy' | 'throttled' }>;

/** Follows the job to its end; one that the HSM does not tell of is looked into. */
function* follow(restoring: Restoring, job: HsmJob, retryAfterMs: number | null): Steps<RestoreEnd | 'untouched'> {
  const { context, log, restore, safety } = restoring;
  const { target, source, container, folder, scope, landing } = restore;
  log.begin('Restore');
  const check = yield* orProblem(followWith(context, log, target, job, retryAfterMs, checkRestoreOutcome));
  if ('message' in check) {
    log.degrade(check);
    return yield* findOut(restoring);
  }
  switch (check.status) {
    case 'forbidden':
      log.degrade(accessLost(restore, check.principalId));
      return 'unknown';
    case 'unknown':
      log.degrade({ message: `${target} no longer knows job ${job.jobId}.`, hint: `The audit log of ${target} has it.` });
      return yield* findOut(restoring);
    case 'failed': {
      const failed = jobFailed(target, 'restore', check.code, check.detail, `${landing ?? container}/${folder}`);
      throw new StepFailed(restoreFailed(restore, failed, safety));
    }
    case 'succeeded':
      if (scope !== 'full' && restoredVersions(check.detail)?.restored === 0)
        throw new StepFailed(nothingRestored(scope.key, check.detail));
      log.done(`${folder} of ${source}${check.detail ? `: ${check.detail}` : ''}`);
      return 'restored';
  }
}

/** Finds out what became of a start request: waits until nothing runs on the HSM any more, then looks what it holds. */
function* findOut(restoring: Restoring): Steps<RestoreEnd | 'untouched'> {
  const { context, log, restore, safety } = restoring;
  const { target, source, folder } = restore;
  log.begin('Find out');
  log.waiting(`the answer of ${target} was lost`);
  yield* sleep(context, IN_FLIGHT_MS);

  const probed = yield* orProblem(probe(restoring));
  const found = probed ?? (yield* orProblem(call(context, judgeRestore, { restore })));
  if ('message' in found) {
    log.degrade({ message: found.message, hint: outcomeUnknown(restore, null).hint });
    return 'unknown';
  }
  switch (found.evidence) {
    case 'restored':
      log.degrade(answerLostFoundRestored(target));
      return 'restored';
    case 'unknown':
      log.degrade(outcomeUnknown(restore, found.principalId));
      return 'unknown';
    case 'untouched':
      log.done(`${target} was not touched: ${folder} of ${source} is not restored yet`);
      return 'untouched';
    case 'neither':
      throw new StepFailed(neitherState(restore, safety));
  }
}

/** A check that the HSM takes means that no backup or restore runs on it any more; what it says of the backup does not matter here. */
function* probe({ context, log, restore: { target, source, folder, landing } }: Restoring): Steps<undefined> {
  const started = yield* startJob(context, log, target, startPreRestore, { hsm: target, source, folder, landing });
  yield* followJob(context, log, target, started.job, started.retryAfterMs);
  return undefined;
}

/** What the steps gave, or why they failed. */
function* orProblem<T>(steps: Steps<T>): Steps<T | Problem> {
  try {
    return yield* steps;
  } catch (error) {
    if (error instanceof StepFailed) return error.problem;
    throw error;
  }
}
