import type { AbortSignalLike } from '@azure/abort-controller';
import type { PollerLike as LroPoller, OperationState } from '@azure/core-lro';
import { anySignal, delay, throwIfAborted } from './abort.ts';
import type { KeyVaultAdminPollOperationState } from './backup-models.ts';
import { type Pace, UnknownOutcome } from './job-requests.ts';
import type { CancelOnProgress, PollerLike } from './poller-like.ts';
import { serializeState } from './poller-state.ts';

/** Drives core-lro's poller one step at a time, so that every wait can be stopped and a poll without an answer ends nothing. */
export class JobPoller<TResult> implements PollerLike<KeyVaultAdminPollOperationState<TResult>, TResult> {
  readonly #lro: LroPoller<OperationState<TResult>, TResult>;
  readonly #pace: Pace;
  readonly #stop = new AbortController();

  /** @param lro A poller whose job has been accepted. */
  constructor(lro: LroPoller<OperationState<TResult>, TResult>, pace: Pace) {
    this.#lro = lro;
    this.#pace = pace;
  }

  async poll(options: { abortSignal?: AbortSignalLike } = {}): Promise<void> {
    try {
      await this.#lro.poll(options);
    } catch (error) {
      throw error instanceof UnknownOutcome ? error.cause : error;
    }
  }

  async pollUntilDone(pollOptions: { abortSignal?: AbortSignalLike } = {}): Promise<TResult> {
    const abortSignal = anySignal(this.#stop.signal, pollOptions.abortSignal);
    while (!this.isDone()) {
      throwIfAborted(abortSignal);
      await this.poll({ abortSignal });
      if (!this.isDone()) await delay(this.#pace.intervalMs, abortSignal);
    }
    return this.#lro.pollUntilDone(); // only hands over the outcome
  }

  stopPolling(): void {
    this.#stop.abort();
  }

  isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  isDone(): boolean {
    return this.#lro.isDone;
  }

  getOperationState(): KeyVaultAdminPollOperationState<TResult> {
    const state = this.#lro.operationState;
    if (!state) throw new Error('The job has not been accepted yet.');
    return state;
  }

  getResult(): TResult | undefined {
    return this.#lro.result;
  }

  onProgress(callback: (state: KeyVaultAdminPollOperationState<TResult>) => void): CancelOnProgress {
    return this.#lro.onProgress(callback);
  }

  toString(): string {
    return serializeState(this.getOperationState());
  }
}
