import { setTimeout as delay } from 'node:timers/promises';
import type { ApprovedRestore } from '../activities/check-restore-approval.ts';
import { checkRestoreJob } from '../activities/check-restore-job.ts';
import { startPreRestore } from '../activities/start-pre-restore.ts';
import { TransientError } from '../clients/errors.ts';
import { OperatorError } from '../domain/errors.ts';
import type { HsmJob } from '../domain/job.ts';
import type { Problem } from '../domain/views.ts';
import { BUSY_WAITS, JOB_POLLS, type Waiting, waitMs } from '../domain/waiting.ts';
import { type Direct, patiently, runOnce, runPatiently } from './run-activity.ts';

type Busy = Readonly<{ status: 'busy' | 'throttled'; detail: string }>;
type Refused = Readonly<{ status: 'refused'; problem: Problem }>;

/** Waits out another's job. @throws {OperatorError} when the HSM refuses, or stays busy */
export async function untilTaken<Start extends Readonly<{ status: string; problem?: Problem }>>(
  { say }: Direct,
  hsm: string,
  start: () => Promise<Start>,
): Promise<Exclude<Start, Busy | Refused>> {
  for (let look = 0; look < BUSY_WAITS.looks; look += 1) {
    const answer = await start();
    if (answer.status === 'refused' && answer.problem) throw asError(answer.problem);
    if (answer.status !== 'busy' && answer.status !== 'throttled') return answer as Exclude<Start, Busy | Refused>;
    say(`waiting: another backup or restore runs on ${hsm}`);
    await delay(waitMs(BUSY_WAITS, look));
  }
  throw new OperatorError(
    `${hsm} stayed busy.`,
    'See who backs up or restores it (its audit log names the caller), then run the command again.',
  );
}

/** A terminal's patience: looks come often at first. */
const POLLS: Waiting = { ...JOB_POLLS, firstMs: 2_000, longestMs: 15_000, looks: 800 };

type Open = Readonly<{ status: 'running' | 'unanswered' }>;

/** Asks after a job until it has ended. @throws {OperatorError} when it has not at the deadline, after about three hours */
export async function polled<Check extends Readonly<{ status: string }>>(
  { say }: Direct,
  { jobId }: HsmJob,
  retryAfterMs: number | null,
  check: () => Promise<Check>,
): Promise<Exclude<Check, Open>> {
  for (let look = 0; look < POLLS.looks; look += 1) {
    await delay(Math.min(waitMs(POLLS, look), retryAfterMs ?? Number.POSITIVE_INFINITY));
    const found = await check();
    if (found.status !== 'running' && found.status !== 'unanswered') return found as Exclude<Check, Open>;
    say(`waiting: job ${jobId} runs`);
  }
  throw new OperatorError(`Job ${jobId} still ran at the deadline.`, 'Run the same command again: it goes on following the job.');
}

/** Has the HSM check a backup, and waits for what it says. The check restores nothing: one whose answer was lost is asked for again. */
export async function preRestore(direct: Direct, { target, source, folder, landing }: ApprovedRestore) {
  const ask = async () => {
    const answer = await runOnce(direct, startPreRestore, { hsm: target, source, folder, landing });
    if (answer.status === 'unknown') throw new TransientError(`${target} did not answer (${answer.detail})`);
    return answer;
  };
  const { job, retryAfterMs } = await untilTaken(direct, target, () => patiently(direct, startPreRestore.name, ask));
  return polled(direct, job, retryAfterMs, () => runPatiently(direct, checkRestoreJob, { hsm: target, job }));
}

export const asError = ({ message, hint }: Problem): OperatorError => new OperatorError(message, hint);
