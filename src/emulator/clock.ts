import type { DatabaseSync } from 'node:sqlite';
import type { EmulatorClock } from './service.ts';
import { readSetting, writeSetting } from './state/settings.ts';

/** What the control interface shows of the clock. `version` grows with every move, so that a follower can wait for the next one. */
export type ClockState = Readonly<{ now: string; offsetMs: number; version: number }>;

/** Taken before anybody can replace `Date`: a program that follows this clock in the same process shifts its own. */
const { now: realNow } = Date;

/** The longest delay that a Node timer can take. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The wall clock plus an offset that the control interface moves. The offset is kept, so a restarted emulator goes on in its own time.
 */
export class MovableClock implements EmulatorClock {
  readonly timeScale: number;
  readonly #db: DatabaseSync;
  readonly #watchers = new Set<() => void>();
  #offsetMs: number;
  #version: number;

  constructor(db: DatabaseSync, timeScale: number) {
    this.#db = db;
    this.timeScale = timeScale;
    const stored = readSetting<{ offsetMs: number; version: number }>(db, 'clock');
    this.#offsetMs = stored?.offsetMs ?? 0;
    this.#version = stored?.version ?? 0;
  }

  now(): number {
    return realNow() + this.#offsetMs;
  }

  scaled(durationMs: number): number {
    return durationMs * this.timeScale;
  }

  get state(): ClockState {
    return { now: new Date(this.now()).toISOString(), offsetMs: this.#offsetMs, version: this.#version };
  }

  /** Moves the clock so that it shows `nowMs`; whoever watches is told at once. */
  moveTo(nowMs: number): ClockState {
    this.#offsetMs = Math.round(nowMs - realNow());
    this.#version += 1;
    writeSetting(this.#db, 'clock', { offsetMs: this.#offsetMs, version: this.#version });
    for (const told of [...this.#watchers]) told();
    return this.state;
  }

  /** Calls back after each move. Returns a way to stop it. */
  watch(told: () => void): () => void {
    this.#watchers.add(told);
    return () => this.#watchers.delete(told);
  }

  /** Resolves once the clock shows `timeMs` or later, also when it is moved there. Rejects when the signal is aborted. */
  async until(timeMs: number, signal: AbortSignal): Promise<void> {
    while (this.now() < timeMs) {
      signal.throwIfAborted();
      await this.#moveOrTimeout(timeMs - this.now(), signal);
    }
    signal.throwIfAborted();
  }

  /** Resolves with the state once its version is above `after`, or as it is when `waitMs` of real time have passed. */
  async changedAfter(after: number, waitMs: number, signal: AbortSignal): Promise<ClockState> {
    const deadline = realNow() + waitMs;
    while (this.#version <= after && realNow() < deadline && !signal.aborted) {
      await this.#moveOrTimeout(deadline - realNow(), signal);
    }
    return this.state;
  }

  #moveOrTimeout(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        forget();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(Math.max(0, Math.ceil(delayMs)), LONGEST_TIMER_MS));
      const forget = this.watch(done);
      signal.addEventListener('abort', done);
    });
  }
}
