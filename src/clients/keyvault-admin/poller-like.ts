import type { AbortSignalLike } from '@azure/abort-controller';

/** Takes a progress callback off again. */
export type CancelOnProgress = () => void;

/** Watches a job that the HSM runs. The job itself cannot be cancelled; every method only concerns the watching. */
export interface PollerLike<TState, TResult> {
  /**
   * Asks the HSM once and updates the state. Does nothing once the job has succeeded.
   *
   * @throws {Error} the job's error, now and on every later call, when the job failed
   * @throws {RestError} when the HSM could not be asked: the job may well go on, and `poll` may be called again
   */
  poll(options?: { abortSignal?: AbortSignalLike }): Promise<void>;
  /**
   * Polls until the job has ended; at once, then in the interval.
   *
   * @throws as {@link poll}, and AbortError after `stopPolling` or when a signal is aborted
   */
  pollUntilDone(pollOptions?: { abortSignal?: AbortSignalLike }): Promise<TResult>;
  /** Ends `pollUntilDone`, now and for good. The job goes on, and `poll` still works. */
  stopPolling(): void;
  isStopped(): boolean;
  /** The job has ended, well or not. */
  isDone(): boolean;
  getOperationState(): TState;
  /** What the job left; undefined until it has succeeded. */
  getResult(): TResult | undefined;
  /** Calls back after every poll. */
  onProgress(callback: (state: TState) => void): CancelOnProgress;
  /** The state as JSON text for `resumeFrom`. Holds no token and no signature. */
  toString(): string;
}
