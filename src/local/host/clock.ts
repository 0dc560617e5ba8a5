/**
 * The host's clock. Under `hsmkeep dev` and in tests it follows the emulator's, so that tokens, schedules and durable timers agree.
 */
export interface HostClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls back once the clock reaches the time, also when it is moved there; not before. Returns a way to forget it. */
  at(timeMs: number, callback: () => void): () => void;
}
