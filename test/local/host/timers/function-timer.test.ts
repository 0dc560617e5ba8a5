import { setImmediate as settled } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { RegisteredFunction } from '../../../../src/local/host/app-model.ts';
import { FunctionTimer } from '../../../../src/local/host/timers/function-timer.ts';
import { TimerMonitor } from '../../../../src/local/host/timers/monitor.ts';
import { timeZone } from '../../../../src/local/host/timers/time-zone.ts';
import { temporaryFolder } from '../support/fixture-host.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** The parts of a timer's payload that the tests look at. */
type Payload = Readonly<{ IsPastDue: boolean; ScheduleStatus: Record<string, string> | null }>;
type Run = Readonly<{ name: string; at: string; payload: Payload }>;

/** Timers on a clock that the test moves; what their functions do is `handle`. */
function surroundings({ now = '2026-03-01T00:00:00Z', dataDir = temporaryFolder(), zone = 'UTC', handle = async (_run: Run) => {} } = {}) {
  const clock = new ManualClock(now);
  const monitor = new TimerMonitor(dataDir);
  const runs: Run[] = [];
  const logged: string[] = [];
  const create = (name: string, trigger: Record<string, unknown>, retryOptions?: unknown): FunctionTimer => {
    const fn: RegisteredFunction = {
      name,
      bindings: {},
      trigger: { type: 'timerTrigger', name: 'timer', direction: 'in', ...trigger },
      retryOptions,
      callback: () => {},
    };
    return new FunctionTimer(fn, {
      clock,
      monitor,
      zone: timeZone(zone),
      log: (level, message) => logged.push(`${level} ${message}`),
      call: async (_, data) => {
        const run = { name, at: new Date(clock.now()).toISOString().slice(0, 19), payload: JSON.parse(data.string ?? '') as Payload };
        runs.push(run);
        await handle(run);
        return { context: undefined, raw: undefined };
      },
    });
  };
  /** Moves the clock, then lets everything that was set off come to rest. */
  const moveTo = async (...times: string[]) => {
    for (const time of times) {
      clock.moveTo(time);
      await settled();
    }
  };
  return { clock, monitor, runs, logged, create, moveTo, dataDir };
}

const at = (runs: readonly Run[]) => runs.map((run) => run.at);
const NIGHTLY = { schedule: '0 0 2 * * *' };

describe('FunctionTimer', () => {
  test('fires at the times of its schedule, and tells the function when it ran and will run', async () => {
    const { create, moveTo, runs } = surroundings();
    create('nightly', NIGHTLY).start();
    await moveTo('2026-03-01T01:59:59Z', '2026-03-01T02:00:00Z', '2026-03-02T02:00:00Z');
    expect(runs).toEqual([
      {
        name: 'nightly',
        at: '2026-03-01T02:00:00',
        payload: {
          Schedule: { AdjustForDST: true },
          ScheduleStatus: { Last: '0001-01-01T00:00:00', Next: '2026-03-01T02:00:00.000Z', LastUpdated: '2026-03-01T00:00:00.000Z' },
          IsPastDue: false,
        },
      },
      expect.objectContaining({
        at: '2026-03-02T02:00:00',
        payload: expect.objectContaining({ ScheduleStatus: expect.objectContaining({ Last: '2026-03-01T02:00:00.000Z' }) }),
      }),
    ]);
  });

  test('fires once for all the times that a move of the clock passed', async () => {
    const { create, moveTo, runs } = surroundings();
    create('hourly', { schedule: '0 0 * * * *' }).start();
    await moveTo('2026-03-01T07:30:00Z', '2026-03-01T08:00:00Z');
    expect(at(runs)).toEqual(['2026-03-01T07:30:00', '2026-03-01T08:00:00']);
  });

  test('fires with others in the order of their times when the clock passes all of them', async () => {
    const { create, moveTo, runs } = surroundings();
    create('late', { schedule: '0 0 5 * * *' }).start();
    create('early', { schedule: '0 0 3 * * *' }).start();
    create('middle', { schedule: '0 0 4 * * *' }).start();
    await moveTo('2026-03-01T12:00:00Z');
    expect(runs.map(({ name }) => name)).toEqual(['early', 'middle', 'late']);
  });

  test('never runs twice at a time: the next wait begins when the run has ended', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { create, moveTo, runs } = surroundings({ handle: () => promise });
    create('hourly', { schedule: '0 0 * * * *' }).start();
    await moveTo('2026-03-01T01:00:00Z', '2026-03-01T02:00:00Z', '2026-03-01T03:30:00Z');
    expect(at(runs)).toEqual(['2026-03-01T01:00:00']);
    resolve();
    await settled();
    await moveTo('2026-03-01T03:59:00Z', '2026-03-01T04:00:00Z');
    expect(at(runs)).toEqual(['2026-03-01T01:00:00', '2026-03-01T04:00:00']);
  });

  test('goes on after a run that failed, and logs it', async () => {
    const { create, moveTo, runs, logged } = surroundings({ handle: () => Promise.reject(new Error('no')) });
    create('nightly', NIGHTLY).start();
    await moveTo('2026-03-01T02:00:00Z', '2026-03-02T02:00:00Z');
    expect(runs).toHaveLength(2);
    expect(logged).toContain('error timer function failed');
  });

  test('runs a failed function again as its retry policy says, then waits for the next time', async () => {
    let failures = 2;
    const { create, moveTo, runs } = surroundings({
      handle: async () => {
        if (failures-- > 0) throw new Error('not yet');
      },
    });
    create('nightly', NIGHTLY, { retryStrategy: 'fixedDelay', maxRetryCount: 5, delayInterval: { seconds: 10 } }).start();
    await moveTo('2026-03-01T02:00:00Z', '2026-03-01T02:00:09Z', '2026-03-01T02:00:10Z', '2026-03-01T02:00:20Z', '2026-03-01T02:00:30Z');
    expect(at(runs)).toEqual(['2026-03-01T02:00:00', '2026-03-01T02:00:10', '2026-03-01T02:00:20']);
    await moveTo('2026-03-02T02:00:00Z');
    expect(runs).toHaveLength(4);
  });

  test('stops: what is due then does not fire', async () => {
    const { create, moveTo, runs } = surroundings();
    const timer = create('nightly', NIGHTLY);
    timer.start();
    timer.stop();
    await moveTo('2026-03-02T00:00:00Z');
    expect(runs).toEqual([]);
  });

  test('stops while it runs: the run is remembered, and no other follows', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { create, moveTo, runs, clock, monitor } = surroundings({ handle: () => promise });
    const timer = create('nightly', NIGHTLY);
    timer.start();
    await moveTo('2026-03-01T02:00:00Z');
    timer.stop();
    resolve();
    await settled();
    expect([clock.next, monitor.get('nightly')?.next]).toEqual([undefined, '2026-03-02T02:00:00.000Z']);
    expect(runs).toHaveLength(1);
  });

  test('keeps to the wall clock of its time zone', async () => {
    const { create, moveTo, runs } = surroundings({ now: '2026-03-28T12:00:00Z', zone: 'Europe/Berlin' });
    create('nightly', { schedule: '0 30 2 * * *' }).start();
    await moveTo('2026-03-29T01:29:59Z', '2026-03-29T01:30:00Z', '2026-03-30T00:30:00Z');
    expect(at(runs)).toEqual(['2026-03-29T01:30:00', '2026-03-30T00:30:00']);
  });
});

describe('a timer when the host starts', () => {
  /** A first host until the night of March 1; the second starts at `now`. */
  async function restarted(now: string, trigger: Record<string, unknown> = NIGHTLY) {
    const first = surroundings();
    const timer = first.create('nightly', NIGHTLY);
    timer.start();
    await first.moveTo('2026-03-01T02:00:00Z');
    timer.stop();

    const second = surroundings({ now, dataDir: first.dataDir });
    second.create('nightly', trigger).start();
    await settled();
    return second;
  }

  test('makes up for a missed time with one run that is past due', async () => {
    const { runs, moveTo } = await restarted('2026-03-04T12:00:00Z');
    expect(runs).toMatchObject([
      { at: '2026-03-04T12:00:00', payload: { IsPastDue: true, ScheduleStatus: { Next: '2026-03-02T02:00:00.000Z' } } },
    ]);
    await moveTo('2026-03-05T02:00:00Z');
    expect(runs).toMatchObject([{}, { at: '2026-03-05T02:00:00', payload: { IsPastDue: false } }]);
  });

  test('makes up for the run that a crash cut short', async () => {
    const first = surroundings({ handle: () => new Promise(() => {}) });
    first.create('nightly', NIGHTLY).start();
    await first.moveTo('2026-03-01T02:00:00Z');

    const { create, runs } = surroundings({ now: '2026-03-01T02:01:00Z', dataDir: first.dataDir });
    create('nightly', NIGHTLY).start();
    expect(runs).toMatchObject([{ payload: { IsPastDue: true } }]);
  });

  test('waits when no time was missed', async () => {
    expect((await restarted('2026-03-02T01:00:00Z')).runs).toEqual([]);
  });

  test('runs nothing for a schedule that was changed meanwhile', async () => {
    const { runs, moveTo } = await restarted('2026-03-04T12:00:00Z', { schedule: '0 0 3 * * *' });
    expect(runs).toEqual([]);
    await moveTo('2026-03-05T03:00:00Z');
    expect(runs).toHaveLength(1);
  });

  test('runs at once with runOnStartup, not past due', async () => {
    const { runs } = await restarted('2026-03-01T12:00:00Z', { ...NIGHTLY, runOnStartup: true });
    expect(runs).toMatchObject([{ at: '2026-03-01T12:00:00', payload: { IsPastDue: false } }]);
  });

  test.each([
    ['useMonitor is off', { ...NIGHTLY, useMonitor: false }],
    ['it fires more often than a minute', { schedule: '*/30 * * * * *' }],
  ])('remembers nothing when %s', async (_, trigger) => {
    const { create, moveTo, runs, monitor } = surroundings();
    create('forgetful', trigger).start();
    await moveTo('2026-03-01T02:00:00Z');
    expect(runs).toMatchObject([{ payload: { ScheduleStatus: null, IsPastDue: false } }]);
    expect(monitor.get('forgetful')).toBeUndefined();
  });
});
