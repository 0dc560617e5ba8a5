import { Alarms } from '../../../../src/local/host/alarms.ts';
import type { HostClock } from '../../../../src/local/host/clock.ts';

/** A clock that stands still until it is moved. */
export class ManualClock implements HostClock {
  readonly #alarms = new Alarms();
  #nowMs: number;

  constructor(now: string) {
    this.#nowMs = Date.parse(now);
  }

  now(): number {
    return this.#nowMs;
  }

  at(timeMs: number, callback: () => void): () => void {
    return this.#alarms.add(timeMs, callback);
  }

  /** When the next alarm is due, as UTC. */
  get next(): string | undefined {
    const nextMs = this.#alarms.nextMs;
    return nextMs === undefined ? undefined : new Date(nextMs).toISOString();
  }

  /** Jumps to a time; what is due is called back at once, in order. */
  moveTo(time: string): void {
    this.#nowMs = Date.parse(time);
    this.#alarms.fireDue(this.#nowMs);
  }
}
