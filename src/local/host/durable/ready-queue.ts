import type { LiveInstance } from './live-instance.ts';

/** How long episodes may keep the event loop before other work gets a turn, in milliseconds. */
const SLICE_MS = 10;

/** Instances that wait for an episode, first come first served, one episode at a time. */
export interface ReadyQueue {
  add(instance: LiveInstance): void;
}

/**
 * @param run One episode. The next one begins when it resolves.
 * @param onFailure Told when it threw, which is a fault of the engine: nothing is run any more.
 */
export function createReadyQueue(run: (instance: LiveInstance) => Promise<void>, onFailure: (error: unknown) => void): ReadyQueue {
  let queue: LiveInstance[] = [];
  let pumping = false;

  const pump = async (): Promise<void> => {
    const sliceEnd = performance.now() + SLICE_MS;
    let taken = 0;
    for (const instance of queue) {
      if (performance.now() > sliceEnd) break;
      taken += 1;
      await run(instance);
    }
    queue = queue.slice(taken);
    if (queue.length > 0) setImmediate(begin);
    else pumping = false;
  };

  const begin = (): void => {
    pump().catch(onFailure);
  };

  return {
    add(instance) {
      queue.push(instance);
      if (pumping) return;
      pumping = true;
      queueMicrotask(begin);
    },
  };
}
