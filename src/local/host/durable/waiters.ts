/** Promises for the end of instances. They wait by the machine's time, whatever the host's clock is told. */
export interface Waiters {
  /** Resolves to true when the instance has ended, to false after the time. */
  wait(instanceId: string, timeoutMs: number): Promise<boolean>;
  ended(instanceId: string): void;
  /** Resolves everything that waits to false. */
  stop(): void;
}

export function createWaiters(): Waiters {
  const waiting = new Map<string, Set<(ended: boolean) => void>>();

  const settle = (instanceId: string, ended: boolean): void => {
    for (const resolve of [...(waiting.get(instanceId) ?? [])]) resolve(ended);
  };

  return {
    wait(instanceId, timeoutMs) {
      return new Promise((resolve) => {
        const waiters = waiting.get(instanceId) ?? new Set();
        waiting.set(instanceId, waiters);
        const done = (ended: boolean): void => {
          clearTimeout(timer);
          waiters.delete(done);
          if (waiters.size === 0) waiting.delete(instanceId);
          resolve(ended);
        };
        const timer = setTimeout(done, timeoutMs, false);
        waiters.add(done);
      });
    },
    ended: (instanceId) => settle(instanceId, true),
    stop() {
      for (const instanceId of [...waiting.keys()]) settle(instanceId, false);
    },
  };
}
