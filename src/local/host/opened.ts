import type { Log } from './log.ts';

/** What was opened, to be closed last to first. */
export class Opened {
  readonly #log: Log;
  readonly #closers: (() => Promise<void> | void)[] = [];
  #closing: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  push(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /** Closes everything once. What fails to close is logged and keeps nothing else open. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    for (const close of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        this.#log('error', 'host did not stop cleanly', { stack: error instanceof Error ? error.stack : error });
      }
    }
  }
}
