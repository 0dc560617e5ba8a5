import type { AbortSignalLike } from '@azure/abort-controller';
import type { OperationResponse, RunningOperation } from '@azure/core-lro';
import { type HttpResponse, operationOptionsToRequestParameters } from '@azure-rest/core-client';
import { anySignal } from './abort.ts';
import type { KeyVaultBackupPollerOptions } from './backup-models.ts';
import type { Connection } from './connection.ts';
import { type Job, parseJob } from './job.ts';
import { type Redact, redactError } from './redaction.ts';
import { bodyOf } from './responses.ts';

/** A request that makes the HSM start a job. */
export type StartRequest = Readonly<{
  method: 'post' | 'put';
  path: string;
  body: unknown;
  /** Whether the job is watched below `/backup` or below `/restore`. */
  watchedAt: 'backup' | 'restore';
}>;

/**
 * The HSM could not be asked how the job stands. Not named RestError on purpose: core-lro would record a RestError as the
 * end of the job.
 */
export class UnknownOutcome extends Error {
  override name = 'UnknownOutcome';
}

/** Pause between two polls; the HSM changes it by `Retry-After`. */
export type Pace = { intervalMs: number };

/** What core-lro drives, with the job as the answer to the start described it. */
export interface JobOperation extends RunningOperation<Job> {
  accepted: Job | undefined;
}

/** The two requests of a long-running operation, for core-lro. The start is sent once and never again; polls are retried. */
export function jobRequests(
  connection: Connection,
  start: StartRequest,
  options: KeyVaultBackupPollerOptions,
  redact: Redact,
  pace: Pace,
): JobOperation {
  const parameters = operationOptionsToRequestParameters(options);

  const operation: JobOperation = {
    accepted: undefined,

    async sendInitialRequest() {
      try {
        const route = connection.once.pathUnchecked(start.path);
        const response = await route[start.method]({ ...parameters, contentType: 'application/json', body: start.body });
        const job = parseJob(bodyOf(response, '202'), redact);
        operation.accepted = job;
        return toOperationResponse(response, job, pollUrl(connection, start, job, response.headers['azure-asyncoperation']));
      } catch (error) {
        throw redactError(error, redact);
      }
    },

    async sendPollRequest(url: string, poll?: { abortSignal?: AbortSignalLike }) {
      try {
        const { onResponse: _startOnly, ...pollParameters } = parameters;
        const abortSignal = anySignal(options.abortSignal, poll?.abortSignal);
        const response = await connection.repeatable.pathUnchecked(url).get({ ...pollParameters, abortSignal });
        const job = parseJob(bodyOf(response, '200'), redact);
        const retryAfterMs = Number(response.headers['retry-after']) * 1000;
        if (retryAfterMs > 0) pace.intervalMs = retryAfterMs;
        return toOperationResponse(response, job, url);
      } catch (error) {
        throw isFailure(error) ? redactError(error, redact) : new UnknownOutcome('', { cause: redactError(error, redact) });
      }
    },
  };
  return operation;
}

/**
 * Where the job is watched: where the HSM says, unless that is missing or another host, which must not see our token.
 * Then it is the documented place.
 */
function pollUrl({ vaultUrl, isOwn }: Connection, { watchedAt }: StartRequest, { jobId }: Job, header: string | undefined): string {
  if (header && URL.canParse(header) && isOwn(header)) return header;
  return new URL(`/${watchedAt}/${encodeURIComponent(jobId)}/pending`, vaultUrl).href;
}

/** In 2021 the service answered the poll of a failed job with 400 and the job's error. Any other status says nothing about the job. */
function isFailure(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && error.statusCode === 400;
}

/** Only what core-lro decides by: no token in the request, and no location that it could fetch as the result. */
function toOperationResponse({ request, status }: HttpResponse, job: Job, operationLocation: string): OperationResponse<Job> {
  return {
    flatResponse: job,
    rawResponse: {
      statusCode: Number(status),
      headers: { 'azure-asyncoperation': operationLocation },
      request: { method: request.method, url: request.url },
      body: { status: job.status },
    },
  };
}
