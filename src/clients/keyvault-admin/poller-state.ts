import type { KeyVaultAdminPollOperationState } from './backup-models.ts';
import type { Job } from './job.ts';

/** What core-lro keeps to go on polling, stored with the state. */
type PollConfig = Readonly<{ operationLocation: string; metadata: Readonly<{ mode: 'OperationLocation' }> }>;
export type StoredState<TResult> = KeyVaultAdminPollOperationState<TResult> & { config: PollConfig };

const TERMINAL = ['succeeded', 'failed', 'canceled'];
const MALFORMED = "resumeFrom is not what a poller's toString() gave.";

/** Whether a status is one that a job does not leave. */
export const isTerminal = (status: string): boolean => TERMINAL.includes(status);

/** Writes what a job says about itself into its poller's state; `status`, `error` and `result` are core-lro's. */
export function describeJob<TResult>(state: KeyVaultAdminPollOperationState<TResult>, job: Job): void {
  state.jobId = job.jobId;
  state.isStarted = true;
  state.isCompleted = isTerminal(state.status);
  if (job.startTime) state.startTime = job.startTime;
  if (job.endTime) state.endTime = job.endTime;
  if (job.statusDetails) state.statusDetails = job.statusDetails;
}

/** The state as text. Errors have no enumerable fields, so theirs are written by name. */
export function serializeState<TResult>(state: KeyVaultAdminPollOperationState<TResult>): string {
  const { error } = state;
  return JSON.stringify({ state: { ...state, ...(error && { error: { name: error.name, message: error.message } }) } });
}

/**
 * Reads what {@link serializeState} wrote, dates and error included.
 *
 * @throws {Error} without quoting the text
 */
export function parseState<TResult>(text: string): StoredState<TResult> {
  const stored = parseJson(text);
  const { resourceLocation: _nothingToFetch, operationLocation, ...config } = stored.config ?? {};
  if (!operationLocation || !URL.canParse(operationLocation)) throw new Error(MALFORMED);

  const { result, error } = stored;
  return {
    ...stored,
    ...withDates(stored),
    status: stored.status ?? 'running',
    config: { ...config, operationLocation, metadata: { mode: 'OperationLocation' } },
    ...(result && { result: { ...result, ...withDates(result) } as TResult }),
    ...(error && { error: Object.assign(new Error(error.message), { name: error.name ?? 'Error' }) }),
  } as StoredState<TResult>;
}

/** A state as JSON brings it back: dates are text, errors are plain objects, and nothing is certain. */
type LooseState = Readonly<{
  status?: string;
  config?: Readonly<{ operationLocation?: string; resourceLocation?: string }>;
  startTime?: string;
  endTime?: string;
  result?: Readonly<{ startTime?: string; endTime?: string }>;
  error?: Readonly<{ name?: string; message?: string }>;
}>;

function parseJson(text: string): LooseState {
  try {
    return (JSON.parse(text) as { state?: LooseState } | null)?.state ?? {};
  } catch {
    throw new Error(MALFORMED);
  }
}

function withDates({ startTime, endTime }: Readonly<{ startTime?: string; endTime?: string }>): { startTime?: Date; endTime?: Date } {
  return { ...(startTime && { startTime: new Date(startTime) }), ...(endTime && { endTime: new Date(endTime) }) };
}
