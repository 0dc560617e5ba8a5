import { describe, expect, test, vi } from 'vitest';
import type { HostClock } from '../../../src/local/host/clock.ts';
import { EventType } from '../../../src/local/host/durable/protocol/events.ts';
import type { MessageRow } from '../../../src/local/host/durable/store.ts';
import { createTimersDue } from '../../../src/local/host/durable/timers-due.ts';
import { manualClock } from './support/clocks.ts';

const START = '2026-03-01T02:00:00.000Z';

function timer(id: number, afterMs: number): MessageRow {
  const dueMs = Date.parse(START) + afterMs;
  const FireAt = new Date(dueMs).toISOString();
  const event = { EventType: EventType.TimerFired, EventId: -1, Timestamp: FireAt, TimerId: id, FireAt } as const;
  return { id, instanceId: 'one', executionId: 'e1', dueMs, position: id, event };
}

function setUp(clock: HostClock = manualClock(START)) {
  const fired: number[] = [];
  const timers = createTimersDue(clock, ({ id }) => fired.push(id));
  return { timers, fired };
}

describe('timers that wait', () => {
  test('fire in the order of their times, and of their ids at one time', () => {
    const clock = manualClock(START);
    const { timers, fired } = setUp(clock);
    timers.start();
    for (const row of [timer(1, 300), timer(2, 100), timer(3, 200), timer(5, 100), timer(4, 100)]) timers.add(row);

    clock.advance(250);

    expect(fired).toEqual([2, 4, 5, 3]);
    expect(timers.size).toBe(1);
  });

  test('fire what came due before the start, but nothing before it', () => {
    const clock = manualClock(START);
    const { timers, fired } = setUp(clock);
    timers.add(timer(1, 100));
    clock.advance(1000);
    expect(fired).toEqual([]);

    timers.start();

    expect(fired).toEqual([1]);
  });

  test('keep one alarm of the clock, for the earliest', () => {
    const clock = manualClock(START);
    const open = new Set<number>();
    const at = vi.fn((timeMs: number, callback: () => void) => {
      open.add(timeMs);
      const cancel = clock.at(timeMs, callback);
      return () => {
        open.delete(timeMs);
        cancel();
      };
    });
    const { timers } = setUp({ now: clock.now, at });
    timers.start();
    for (const row of [timer(1, 300), timer(2, 100), timer(3, 200)]) timers.add(row);
    expect([...open]).toEqual([Date.parse(START) + 100]);

    timers.remove(timer(2, 100));

    expect([...open]).toEqual([Date.parse(START) + 200]);
    timers.stop();
    expect(open.size).toBe(0);
  });

  test('forget what was removed, and ignore the removal of what is not there', () => {
    const clock = manualClock(START);
    const { timers, fired } = setUp(clock);
    timers.start();
    timers.add(timer(1, 100));
    timers.add(timer(2, 100));

    timers.remove(timer(1, 100));
    timers.remove(timer(9, 100));
    clock.advance(100);

    expect(fired).toEqual([2]);
  });

  test('are woken too early by a clock that was set back, and wait on', () => {
    const clock = manualClock(START);
    let early: (() => void) | undefined;
    const { timers, fired } = setUp({
      now: clock.now,
      at: (_timeMs, callback) => {
        early = callback;
        return () => {};
      },
    });
    timers.start();
    timers.add(timer(1, 100));

    early?.();
    expect(fired).toEqual([]);

    clock.advance(100);
    early?.();
    expect(fired).toEqual([1]);
  });
});
