import { createHttpPoller, type OperationState } from '@azure/core-lro';
import type { KeyVaultAdminPollOperationState, KeyVaultBackupPollerOptions } from './backup-models.ts';
import type { Connection } from './connection.ts';
import type { Job } from './job.ts';
import { JobPoller } from './job-poller.ts';
import { jobRequests, type StartRequest } from './job-requests.ts';
import type { PollerLike } from './poller-like.ts';
import { describeJob, parseState } from './poller-state.ts';
import { createRedactor } from './redaction.ts';

const DEFAULT_INTERVAL_MS = 2000;

/** A job to start, and how to read what it leaves. */
export type JobDescription<TResult> = Readonly<{
  start: StartRequest;
  /** Kept out of every error. */
  sasToken: string | undefined;
  toResult: (job: Job) => TResult;
}>;

/**
 * Starts a job and resolves with its poller once the HSM has accepted it; with `resumeFrom`, sends nothing.
 *
 * @throws {RestError} when the start was refused, or got no answer: then the job may have been started all the same
 */
export async function beginJob<TResult>(
  connection: Connection,
  { start, sasToken, toResult }: JobDescription<TResult>,
  options: KeyVaultBackupPollerOptions,
): Promise<PollerLike<KeyVaultAdminPollOperationState<TResult>, TResult>> {
  const { resumeFrom, intervalInMs = DEFAULT_INTERVAL_MS } = options;
  const resumed = resumeFrom === undefined ? undefined : parseState<TResult>(resumeFrom);
  if (resumed && !connection.isOwn(resumed.config.operationLocation)) throw new Error('resumeFrom belongs to another HSM.');

  const pace = { intervalMs: intervalInMs };
  const operation = jobRequests(connection, start, options, createRedactor(sasToken), pace);
  const lro = createHttpPoller<TResult, OperationState<TResult>>(operation, {
    ...(resumed && { restoreFrom: JSON.stringify({ state: resumed }) }),
    skipFinalGet: true, // the last poll is the result
    processResult: async (job) => toResult(job as Job),
    updateState: (state, { flatResponse }) => describeJob(state, flatResponse as Job),
  });
  await lro.submitted();

  const poller = new JobPoller(lro, pace);
  const state = poller.getOperationState();
  if (operation.accepted) describeJob(state, operation.accepted);
  Object.assign(state, resumed); // once more, with the dates and the error that JSON does not keep
  return poller;
}
