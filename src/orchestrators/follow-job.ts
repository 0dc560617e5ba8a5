import type { OrchestrationContext } from 'durable-functions';
import { type CheckJobInput, checkBackupJob } from '../activities/check-backup-job.ts';
import { checkRestoreJob } from '../activities/check-restore-job.ts';
import type { Activity } from '../activities/define-activity.ts';
import type { HsmJob, JobCheck, JobStart } from '../domain/job.ts';
import { busyTooLong, notAnswered } from '../domain/problems.ts';
import type { Problem } from '../domain/views.ts';
import { BUSY_WAITS, JOB_POLLS, waitMs } from '../domain/waiting.ts';
import { call, callOnce, StepFailed, type Steps, sleep } from './durable.ts';
import type { RunLog } from './run-log.ts';
import { affordable } from './turns.ts';

/** The HSM answered each request with no, until the deadline: nothing was started. */
export class NeverTaken extends StepFailed {
  readonly minutes: number;

  constructor(problem: Problem, minutes: number) {
    super(problem);
    this.minutes = minutes;
  }
}

type Ended<Check> = Exclude<Check, { status: 'running' | 'unanswered' }>;

/** So many looks in a row without an answer, and the job's outcome counts as unknown. */
const MOST_UNANSWERED = 5;

/**
 * Enters the start of a job until the HSM has taken it: waits out another's job and answers that say nothing.
 * The activity itself sees to it that a second entry does no harm.
 *
 * @returns What the activity gave that is neither busy, throttled, unknown nor refused.
 * @throws {StepFailed} refused; {@link NeverTaken} still busy at the deadline.
 */
export function* startJob<Input, Start extends Readonly<{ status: string }>>(
  context: OrchestrationContext,
  log: RunLog,
  hsm: string,
  activity: Activity<Input, Start>,
  input: Input,
): Steps<Exclude<Start, Open | Refused>> {
  const waits = affordable(context, BUSY_WAITS);
  let waitedMs = 0;
  for (let look = 0; ; look += 1) {
    const start: Start | JobStart = yield* callOnce(context, activity, input);
    if (isRefused(start)) throw new StepFailed(start.problem);
    if (!isOpen(start)) return start as Exclude<Start, Open | Refused>;

    if (look === waits.looks) {
      const minutes = Math.round(waitedMs / 60_000);
      if (start.status === 'unknown') throw new StepFailed(notAnswered(hsm, start.detail));
      throw new NeverTaken(start.status === 'busy' ? busyTooLong(hsm, minutes) : notAnswered(hsm, start.detail), minutes);
    }
    log.waiting(start.status === 'busy' ? `another backup or restore runs on ${hsm}` : `${hsm} gave no clear answer (${start.detail})`);
    const ms = waitMs(waits, look);
    waitedMs += ms;
    yield* sleep(context, ms);
  }
}

/**
 * Follows a job by durable timers until it has ended.
 *
 * @param retryAfterMs What the HSM said when it took the job.
 * @throws {StepFailed} when it cannot be asked, or still runs at the deadline.
 */
export function followJob(
  context: OrchestrationContext,
  log: RunLog,
  hsm: string,
  job: HsmJob,
  retryAfterMs: number | null,
): Steps<Ended<JobCheck>> {
  return followWith(context, log, hsm, job, retryAfterMs, job.kind === 'backup' ? checkBackupJob : checkRestoreJob);
}

/** Follows a job by an activity of one's own, which may tell more ends than the usual ones. @throws as {@link followJob} */
export function* followWith<Check extends Readonly<{ status: string; detail?: string }>>(
  context: OrchestrationContext,
  log: RunLog,
  hsm: string,
  job: HsmJob,
  retryAfterMs: number | null,
  check: Activity<CheckJobInput, Check>,
): Steps<Ended<Check>> {
  const polls = affordable(context, JOB_POLLS);
  let unanswered = 0;
  for (let look = 0; look < polls.looks; look += 1) {
    log.waiting(`job ${job.jobId} runs on ${hsm}`);
    yield* sleep(context, waitMs(polls, look, retryAfterMs ?? undefined));
    const found = yield* call(context, check, { hsm, job });
    if (found.status !== 'unanswered' && found.status !== 'running') return found as Ended<Check>;
    unanswered = found.status === 'unanswered' ? unanswered + 1 : 0;
    if (unanswered === MOST_UNANSWERED) throw new StepFailed(notAnswered(`Job ${job.jobId} of ${hsm}`, found.detail ?? ''));
  }
  throw new StepFailed(notAnswered(`Job ${job.jobId} of ${hsm}`, 'it still ran at the deadline'));
}

type Open = Extract<JobStart, { status: 'busy' | 'throttled' | 'unknown' }>;
type Refused = Extract<JobStart, { status: 'refused' }>;

const isRefused = (start: Readonly<{ status: string }>): start is Refused => start.status === 'refused';
const isOpen = (start: Readonly<{ status: string }>): start is Open => ['busy', 'throttled', 'unknown'].includes(start.status);
