import { type Redact, redactJson } from './redaction.ts';

/** An error inside a job, or inside another error. */
export type JobError = Readonly<{ code?: string; message?: string; innererror?: JobError }>;

/** A job as the HSM reported it, with absent for the wire's null. */
export type Job = Readonly<{
  jobId: string;
  /** `InProgress`, `Succeeded`, `Failed` or `Canceled`. */
  status: string;
  statusDetails?: string;
  error?: JobError;
  startTime?: Date;
  endTime?: Date;
  /** URL of the folder that a backup wrote. */
  folderUri?: string;
}>;

type WireJob = Readonly<{
  jobId?: unknown;
  status?: unknown;
  statusDetails?: string | null;
  error?: { code?: string | null; message?: string | null; innererror?: JobError | null } | null;
  /** Unix seconds. */
  startTime?: number | null;
  endTime?: number | null;
  azureStorageBlobContainerUri?: string | null;
}>;

/**
 * Reads the body of a start or a status answer.
 *
 * @throws {Error} when it is no job: a proxy's page with status 200 must not pass for a finished backup
 */
export function parseJob(body: unknown, redact: Redact): Job {
  const wire = (typeof body === 'object' && body !== null ? redactJson(body, redact) : {}) as WireJob;
  if (typeof wire.status !== 'string' || typeof wire.jobId !== 'string') throw new Error('The answer of the HSM does not describe a job.');

  const error = errorOf(wire);
  return {
    jobId: wire.jobId,
    status: wire.status,
    ...(wire.statusDetails && { statusDetails: wire.statusDetails }),
    ...(error && { error }),
    ...(wire.startTime && { startTime: fromUnixSeconds(wire.startTime) }),
    ...(wire.endTime && { endTime: fromUnixSeconds(wire.endTime) }),
    ...(wire.azureStorageBlobContainerUri && { folderUri: wire.azureStorageBlobContainerUri }),
  };
}

/** Until 2021 a job without an error had an error object of nulls, and a failed one its reason in `statusDetails` alone. */
function errorOf({ status, statusDetails, error }: WireJob): JobError | undefined {
  if (error?.code || error?.message) {
    const { code, message, innererror } = error;
    return {
      code: code || 'Failed',
      message: message || statusDetails || 'The service gives no reason.',
      ...(innererror && { innererror }),
    };
  }
  return status === 'Failed' && statusDetails ? { code: 'Failed', message: statusDetails } : undefined;
}

const fromUnixSeconds = (seconds: number): Date => new Date(seconds * 1000);
