import type { HostClock } from '../clock.ts';
import type { MessageRow } from './store.ts';

/** Messages that wait for their time, with one alarm of the clock for the earliest. */
export interface TimersDue {
  add(row: MessageRow): void;
  remove(row: MessageRow): void;
  /** Hands over everything that is due, then keeps watch. Nothing is handed over before this call. */
  start(): void;
  readonly size: number;
  stop(): void;
}

/** @param fire Told each message once its time has come; when the clock jumps over several, in the order of their times. */
export function createTimersDue(clock: HostClock, fire: (row: MessageRow) => void): TimersDue {
  /** By time, then by id. */
  const waiting: MessageRow[] = [];
  let running = false;
  let cancelAlarm = (): void => {};

  /** Where the row is, or belongs. */
  const indexOf = (row: MessageRow): number => {
    let [low, high] = [0, waiting.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = waiting[middle];
      if (other !== undefined && comesBefore(other, row)) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const arm = (): void => {
    cancelAlarm();
    const [first] = waiting;
    cancelAlarm = running && first !== undefined ? clock.at(first.dueMs, wake) : () => {};
  };

  const wake = (): void => {
    if (!running) return;
    const now = clock.now();
    const notYet = waiting.findIndex(({ dueMs }) => dueMs > now);
    const due = waiting.splice(0, notYet < 0 ? waiting.length : notYet);
    for (const row of due) fire(row);
    arm();
  };

  return {
    add(row) {
      const index = indexOf(row);
      waiting.splice(index, 0, row);
      if (index === 0) arm();
    },
    remove(row) {
      const index = indexOf(row);
      if (waiting[index]?.id !== row.id) return;
      waiting.splice(index, 1);
      if (index === 0) arm();
    },
    start() {
      running = true;
      wake();
    },
    get size() {
      return waiting.length;
    },
    stop() {
      running = false;
      cancelAlarm();
    },
  };
}

const comesBefore = (a: MessageRow, b: MessageRow): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.id < b.id);
