import { describe, expect, test, vi } from 'vitest';
import type { DurableEngine } from '../../../src/local/host/durable/engine-api.ts';
import { manualClock } from './support/clocks.ts';
import { ended, IDLE, openEngine, STORE_KINDS, start, storePlace, waitUntilIdle } from './support/engines.ts';
import { world } from './support/fixture-app.ts';

/** Does something so many microtasks later. */
async function inSteps(steps: number, work: () => Promise<void>): Promise<void> {
  for (let step = 0; step < steps; step += 1) await undefined;
  await work();
}

/** An engine, and the way to stop it and open the next one on the same store. */
async function restartable(kind: (typeof STORE_KINDS)[number], options: Parameters<typeof openEngine>[0] = {}) {
  const place = storePlace(kind);
  let engine = await openEngine({ store: place.open(), ...options });
  return {
    get engine(): DurableEngine {
      return engine;
    },
    async restart(): Promise<DurableEngine> {
      await engine.stop();
      engine = await openEngine({ store: place.open(), ...options });
      return engine;
    },
  };
}

describe.each(STORE_KINDS)('after a restart on the same store (%s)', (kind) => {
  test('a waiting instance hears its events', async () => {
    const host = await restartable(kind);
    const instanceId = await start(host.engine, 'events');
    await host.engine.raiseEvent(instanceId, 'B', '2');
    await waitUntilIdle(host.engine, instanceId);

    const engine = await host.restart();
    expect(engine.get(instanceId)).toMatchObject({ status: 'Running', customStatus: 'waiting' });
    for (const [name, data] of [
      ['A', 1],
      ['P', 3],
      ['Q', 4],
    ] as const)
      await engine.raiseEvent(instanceId, name, String(data));

    expect((await ended(engine, instanceId)).output).toEqual({ a: 1, b: 2, p: 3, q: 4 });
  });

  test('an activity without a stored result runs again', async () => {
    const host = await restartable(kind);
    const instanceId = await start(host.engine, 'holds');
    const letGo = () => world().release[instanceId];
    await vi.waitFor(() => expect(letGo()).toBeDefined(), { interval: 1 });
    const abandoned = letGo();
    delete world().release[instanceId];

    const engine = await host.restart();
    await vi.waitFor(() => expect(letGo()).toBeDefined(), { interval: 1 });
    abandoned?.('of the stopped engine');
    letGo()?.('of the new engine');

    expect((await ended(engine, instanceId)).output).toBe('of the new engine');
  });

  test.each([1, 2, 5, 20])('a result that no episode has stored yet is kept by an orderly stop (%i steps later)', async (steps) => {
    const place = storePlace(kind);
    let stopping: Promise<void> | undefined;
    const engine = await openEngine({
      store: place.open(),
      onBoundary: ({ kind: at }) => {
        if (at === 'activity-finished') stopping = inSteps(steps, () => engine.stop());
      },
    });
    const instanceId = await start(engine, 'holds');
    await vi.waitFor(() => expect(world().release[instanceId]).toBeDefined(), { interval: 1 });
    const runs = world().ran['held'];

    world().release[instanceId]?.('kept');
    await vi.waitFor(() => expect(stopping).toBeDefined(), { interval: 1 });
    await stopping;
    const next = await openEngine({ store: place.open() });

    expect((await ended(next, instanceId)).output).toBe('kept');
    expect(world().ran['held']).toBe(runs);
  });

  test('timers that came due meanwhile fire in the order of their times', async () => {
    const clock = manualClock();
    const host = await restartable(kind, { clock, timerLengths: { maximumShort: '6.00:00:00', longInterval: '3.00:00:00' } });
    const instanceId = await start(host.engine, 'timersInOrder');
    await vi.waitFor(() => expect(host.engine.stats().dueTimers).toBe(3), { interval: 1 });

    await host.engine.stop();
    clock.advance(3_600_000);
    const engine = await host.restart();
    await ended(engine, instanceId);

    const fired = engine.history(instanceId).filter(({ EventType }) => EventType === 11);
    expect(fired.map(({ TimerId }) => TimerId)).toEqual([1, 2, 0]);
  });

  test('a suspended instance stays suspended, keeps its events and goes on when resumed', async () => {
    const host = await restartable(kind);
    const instanceId = await start(host.engine, 'events');
    await waitUntilIdle(host.engine, instanceId);
    await host.engine.suspend(instanceId, 'night');
    for (const name of ['A', 'B', 'P', 'Q']) await host.engine.raiseEvent(instanceId, name, JSON.stringify(name));

    const engine = await host.restart();
    await vi.waitFor(() => expect(engine.get(instanceId)?.status).toBe('Suspended'), { interval: 1 });
    await engine.resume(instanceId, 'morning');

    expect((await ended(engine, instanceId)).output).toEqual({ a: 'A', b: 'B', p: 'P', q: 'Q' });
  });

  test('a child tells its parent', async () => {
    const host = await restartable(kind);
    const instanceId = await start(host.engine, 'parentOfWaiting');
    const childId = `${instanceId}-child`;
    await vi.waitFor(() => expect(host.engine.get(childId)?.status).toBe('Running'), { interval: 1 });

    const engine = await host.restart();
    await engine.terminate(childId, 'the end');

    expect((await ended(engine, instanceId)).output).toBe('the end');
  });

  test('a finished instance can still be read', async () => {
    const host = await restartable(kind);
    const instanceId = await start(host.engine, 'sequence', { steps: 3 });
    await ended(host.engine, instanceId);
    const history = host.engine.history(instanceId);

    const engine = await host.restart();

    expect(await engine.waitForEnd(instanceId, 0)).toMatchObject({ status: 'Completed', outputJson: '3' });
    expect(engine.history(instanceId)).toEqual(history);
    expect(engine.stats()).toEqual(IDLE);
  });

  test('everything ends right through a restart after every few milliseconds', async () => {
    const host = await restartable(kind);
    const expected = new Map<string, unknown>();
    for (let n = 0; n < 4; n += 1) {
      expected.set(await start(host.engine, 'paced', { steps: 15 }), 15);
      expected.set(await start(host.engine, 'wide'), 40);
      expected.set(await start(host.engine, 'generationLoop', { generation: 0, last: 10, sum: 0 }), 10);
    }

    for (let round = 0; round < 10; round += 1) {
      await host.engine.waitForEnd('nobody', 25);
      await host.restart();
    }

    for (const [instanceId, output] of expected) expect((await ended(host.engine, instanceId)).output).toBe(output);
    await vi.waitFor(() => expect(host.engine.stats()).toEqual(IDLE), { interval: 5 });
  });
});
