import { ServiceError } from '../service.ts';

export type InnerError = Readonly<{ code: string; message: string; innererror: InnerError | null }>;

/** An error in the form of the HSM's backup service: no activity id, and `innererror` always written out. */
export class BackupServiceError extends ServiceError {
  readonly innererror: InnerError | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { innererror?: InnerError; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(status, code, message);
    this.innererror = more.innererror ?? null;
    this.headers = more.headers ?? {};
  }
}

/** Ends a job as `Failed`. `statusDetails` is what the poll shows beside the error. */
export class JobFailure extends Error {
  readonly code: string;
  readonly statusDetails: string;

  constructor(code: string, message: string, statusDetails = code) {
    super(message);
    this.code = code;
    this.statusDetails = statusDetails;
  }
}
