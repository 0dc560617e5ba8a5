import { Alarms } from './alarms.ts';
import type { HostClock } from './clock.ts';

/** The longest wait of `setTimeout`: beyond it Node fires at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** A clock that the process has to stop using before it can end cleanly. */
export interface StoppableClock extends HostClock {
  /** Forgets everything that waits. */
  stop(): void;
}

/** Follows `Date.now`, with one armed `setTimeout` for the earliest alarm; waits of any length work. */
export class SystemClock implements StoppableClock {
  readonly #alarms = new Alarms();
  #armed: NodeJS.Timeout | undefined;

  now(): number {
    return Date.now();
  }

  at(timeMs: number, callback: () => void): () => void {
    const forget = this.#alarms.add(timeMs, callback);
    this.#arm();
    return () => {
      forget();
      this.#arm();
    };
  }

  /** Looks at the time again: for a clock that was moved. */
  recheck(): void {
    this.#alarms.fireDue(this.now());
    this.#arm();
  }

  stop(): void {
    this.#alarms.clear();
    clearTimeout(this.#armed);
  }

  #arm(): void {
    clearTimeout(this.#armed);
    const nextMs = this.#alarms.nextMs;
    if (nextMs === undefined) return;
    const waitMs = Math.min(Math.max(nextMs - this.now(), 0), LONGEST_WAIT_MS);
    this.#armed = setTimeout(() => this.recheck(), waitMs);
  }
}
