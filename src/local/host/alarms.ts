/** Callbacks waiting for a time, in order of that time; those of the same time in the order they came. */
export class Alarms {
  readonly #waiting: Alarm[] = [];

  /** @returns A way to forget the callback; calling it late or twice does nothing. */
  add(timeMs: number, callback: () => void): () => void {
    const alarm = { timeMs, callback };
    const later = this.#waiting.findIndex((other) => other.timeMs > timeMs);
    this.#waiting.splice(later === -1 ? this.#waiting.length : later, 0, alarm);
    return () => {
      const index = this.#waiting.indexOf(alarm);
      if (index !== -1) this.#waiting.splice(index, 1);
    };
  }

  /** The earliest time waited for, in epoch milliseconds. */
  get nextMs(): number | undefined {
    return this.#waiting[0]?.timeMs;
  }

  /** Calls back everything due at `nowMs`, earliest first, including what the callbacks themselves add for a time already past. */
  fireDue(nowMs: number): void {
    for (let first = this.#waiting[0]; first && first.timeMs <= nowMs; first = this.#waiting[0]) {
      this.#waiting.shift();
      first.callback();
    }
  }

  clear(): void {
    this.#waiting.length = 0;
  }
}

type Alarm = Readonly<{ timeMs: number; callback: () => void }>;
