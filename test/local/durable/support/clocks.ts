import type { HostClock } from '../../../../src/local/host/clock.ts';

/** The machine's time. */
export const realClock: HostClock = {
  now: () => Date.now(),
  at(timeMs, callback) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const leftMs = timeMs - Date.now();
      timer = leftMs > 0 ? setTimeout(arm, Math.min(leftMs, 2 ** 31 - 1)) : setTimeout(callback, 0);
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until the test moves it. */
export function manualClock(startsAt = '2026-03-01T02:00:00.000Z'): HostClock & { advance(ms: number): void } {
  let now = Date.parse(startsAt);
  const alarms = new Set<{ timeMs: number; callback: () => void }>();
  return {
    now: () => now,
    at(timeMs, callback) {
      const alarm = { timeMs, callback };
      alarms.add(alarm);
      return () => alarms.delete(alarm);
    },
    advance(ms) {
      now += ms;
      for (const alarm of [...alarms].filter(({ timeMs }) => timeMs <= now)) {
        alarms.delete(alarm);
        alarm.callback();
      }
    },
  };
}
