import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import { EngineRefusal } from '../../../src/local/host/durable/engine-api.ts';
import { AZURE_TIMER_LENGTHS } from '../../../src/local/host/durable/protocol/request.ts';
import type { Store } from '../../../src/local/host/durable/store.ts';
import { createMemoryStore } from '../../../src/local/host/durable/store-memory.ts';
import { manualClock } from './support/clocks.ts';
import { ended, IDLE, openEngine, run, STORE_KINDS, start, storePlace, waitUntilIdle } from './support/engines.ts';
import { world } from './support/fixture-app.ts';

const refusedWith = (status: number) => expect.objectContaining({ status, constructor: EngineRefusal });

describe('start', () => {
  test('refuses an orchestrator that the app does not have', async () => {
    const engine = await openEngine();

    await expect(start(engine, 'plusOne')).rejects.toEqual(refusedWith(400));
  });

  test.each(['a/b', 'a\\b', 'a#b', 'a?b', '@counter@k', 'a\nb', 'x'.repeat(101)])('refuses the instance id %j', async (instanceId) => {
    const engine = await openEngine();

    await expect(start(engine, 'sequence', { steps: 1 }, instanceId)).rejects.toEqual(refusedWith(400));
  });

  test('refuses an id in use, also when both starts come in one turn', async () => {
    const engine = await openEngine();

    const [first, second] = await Promise.allSettled([start(engine, 'waitsForever', {}, 'one'), start(engine, 'waitsForever', {}, 'one')]);

    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: refusedWith(409) });
  });

  test.each(STORE_KINDS)('replaces a finished instance of that id, kept in %s', async (kind) => {
    const engine = await openEngine({ store: storePlace(kind).open() });
    await ended(engine, await start(engine, 'sequence', { steps: 2 }, 'again'));

    const second = await ended(engine, await start(engine, 'sequence', { steps: 1 }, 'again'));

    expect(second.output).toBe(1);
    expect(engine.history('again').filter(({ EventType }) => EventType === 4)).toHaveLength(1);
    expect(engine.list({ limit: 10 }).instances).toHaveLength(1);
  });

  test('finds the orchestrator without regard to case, under its registered name', async () => {
    const engine = await openEngine();

    expect(await run(engine, 'SEQUENCE', { steps: 1 })).toMatchObject({ status: 'Completed', name: 'sequence' });
  });

  test('shows input and times', async () => {
    const engine = await openEngine({ clock: manualClock('2026-03-01T02:00:00.000Z') });

    const instance = await run(engine, 'sequence', { steps: 1 });

    const at = '2026-03-01T02:00:00.000Z';
    expect(instance).toMatchObject({ inputJson: '{"steps":1}', createdAt: at, updatedAt: at, parentInstanceId: null, customStatus: null });
  });

  test('shows the parent of a sub-orchestration', async () => {
    const engine = await openEngine();

    const { instanceId } = await run(engine, 'parent');

    expect(engine.get(`${instanceId}-child`)).toMatchObject({ name: 'child', inputJson: '{"k":2}', parentInstanceId: instanceId });
  });
});

describe('requests to an instance', () => {
  const requests = ['raiseEvent', 'terminate', 'suspend', 'resume'] as const;

  test.each(requests)('%s: 404 for one that never was', async (request) => {
    const engine = await openEngine();

    await expect(engine[request]('nobody', 'word', null)).rejects.toEqual(refusedWith(404));
  });

  test.each(requests)('%s: 410 for one that has ended', async (request) => {
    const engine = await openEngine();
    const { instanceId } = await run(engine, 'sequence', { steps: 1 });

    await expect(engine[request](instanceId, 'word', null)).rejects.toEqual(refusedWith(410));
  });

  test.each(['', '7'])('raiseEvent refuses the name %j, which the library would take for a call', async (name) => {
    const engine = await openEngine();
    const instanceId = await start(engine, 'waitsForever');

    await expect(engine.raiseEvent(instanceId, name, null)).rejects.toEqual(refusedWith(400));
  });

  test('terminate drops queued activities and timers, and ignores a result that still comes', async () => {
    const store = createMemoryStore();
    const engine = await openEngine({ store, maxConcurrentActivities: 1 });
    const instanceId = await start(engine, 'holdsMany', { width: 3 });
    await vi.waitFor(() => expect(world().release[`${instanceId}/0`]).toBeDefined(), { interval: 1 });

    await engine.terminate(instanceId, null);
    expect(await ended(engine, instanceId)).toMatchObject({ status: 'Terminated', outputJson: null });
    world().release[`${instanceId}/0`]?.('late');

    await vi.waitFor(() => expect(engine.stats()).toEqual(IDLE), { interval: 1 });
    expect(store.loadOpen()).toEqual({ instances: [], messages: [], activities: [] });
  });

  test('terminate before the first turn leaves a history that says what never ran', async () => {
    const engine = await openEngine();

    const started = start(engine, 'sequence', { steps: 1 }, 'too-late');
    await Promise.all([started, engine.terminate('too-late', 'changed my mind')]);

    expect(await ended(engine, 'too-late')).toMatchObject({ status: 'Terminated', output: 'changed my mind' });
    expect(engine.history('too-late').map(({ EventType }) => EventType)).toEqual([12, 0, 3, 1, 13]);
  });

  test('a result that comes while suspended is stored by itself and heard after resume', async () => {
    const store = createMemoryStore();
    const engine = await openEngine({ store });
    const instanceId = await start(engine, 'racesPaused');
    await vi.waitFor(() => expect(world().release[instanceId]).toBeDefined(), { interval: 1 });
    await engine.suspend(instanceId, null);
    await vi.waitFor(() => expect(engine.get(instanceId)?.status).toBe('Suspended'), { interval: 1 });

    world().release[instanceId]?.(1);
    await vi.waitFor(() => expect(store.loadOpen()).toMatchObject({ messages: [{ instanceId }], activities: [] }), { interval: 1 });
    expect(engine.history(instanceId).some(({ EventType }) => EventType === 5)).toBe(false);

    await engine.resume(instanceId, null);
    expect((await ended(engine, instanceId)).output).toEqual({ step: 1, next: 2 });
  });

  test('activities that an orchestration leaves behind still run, and their results are dropped', async () => {
    const store = createMemoryStore();
    const engine = await openEngine({ store, maxConcurrentActivities: 1 });
    const instanceId = await start(engine, 'leavesEarly');
    await engine.raiseEvent(instanceId, 'enough', null);
    expect((await ended(engine, instanceId)).output).toBe('left');

    for (const n of [0, 1, 2]) {
      await vi.waitFor(() => expect(world().release[`${instanceId}/${n}`]).toBeDefined(), { interval: 1 });
      world().release[`${instanceId}/${n}`]?.(n);
    }
    await vi.waitFor(() => expect(store.loadOpen().activities).toEqual([]), { interval: 1 });
    expect(engine.stats()).toEqual(IDLE);
  });
});

test('a result that comes while the end is on its way to the disk is dropped with its activity', async () => {
  const store = createMemoryStore();
  const engine = await openEngine({ store });
  const instanceId = await start(engine, 'leavesEarly');
  await vi.waitFor(() => expect(world().release[`${instanceId}/2`]).toBeDefined(), { interval: 1 });

  await engine.raiseEvent(instanceId, 'enough', null);
  await microtasks(100);
  expect(engine.get(instanceId)?.status, 'the end is decided, not stored').toBe('Running');
  world().release[`${instanceId}/0`]?.(0);
  await ended(engine, instanceId);

  await vi.waitFor(() => expect(store.loadOpen().activities.map(({ number }) => number)).toEqual([1, 2]), { interval: 1 });
});

test('events carried into the next generation are stored before those that came later', async () => {
  const memory = createMemoryStore();
  const stored: unknown[][] = [];
  const commit: Store['commit'] = (changes) => {
    memory.commit(changes);
    const restarted = changes.some((change) => change.op === 'putInstance' && change.row.inputJson === '{"seen":null}');
    if (restarted && stored.length === 0) stored.push(memory.loadOpen().messages.map(({ event }) => ('Name' in event ? event.Input : '')));
  };
  const engine = await openEngine({ store: { ...memory, commit } });
  const instanceId = await start(engine, 'carriesUnread', {});
  await waitUntilIdle(engine, instanceId);

  const events = [
    ['later', '1'],
    ['later', '2'],
    ['now', 'null'],
    ['later', '3'],
  ] as const;
  await Promise.all(events.map(([name, data]) => engine.raiseEvent(instanceId, name, data)));
  expect((await ended(engine, instanceId)).output).toEqual([null, 1, 2]);

  // The first is the new execution's start, with the generation's input.
  expect(stored).toEqual([['{"seen":null}', '1', '2', '3']]);
});

async function microtasks(count: number): Promise<void> {
  for (let step = 0; step < count; step += 1) await undefined;
}

describe('purge', () => {
  test.each(STORE_KINDS)('deletes finished instances only and counts them, in %s', async (kind) => {
    const engine = await openEngine({ store: storePlace(kind).open() });
    const done = await run(engine, 'sequence', { steps: 1 });
    const live = await start(engine, 'waitsForever');

    expect(await engine.purge([done.instanceId, live, 'nobody', done.instanceId])).toBe(1);

    expect(engine.get(done.instanceId)).toBeUndefined();
    expect(engine.history(done.instanceId)).toEqual([]);
    expect(engine.get(live)).toBeDefined();
  });
});

describe('list', () => {
  test.each(STORE_KINDS)('pages through all instances in the order of their creation, in %s', async (kind) => {
    const engine = await openEngine({ store: storePlace(kind).open() });
    const ids = ['a-1', 'b-2', 'a-3', 'b-4', 'a-5'];
    for (const id of ids) await ended(engine, await start(engine, 'sequence', { steps: 0 }, id));

    const pages: string[][] = [];
    let continuation: string | undefined;
    do {
      const page = engine.list({ limit: 2, ...(continuation ? { continuation } : {}) });
      pages.push(page.instances.map(({ instanceId }) => instanceId));
      continuation = page.continuation;
    } while (continuation);

    expect(pages).toEqual([['a-1', 'b-2'], ['a-3', 'b-4'], ['a-5']]);
  });

  test.each(STORE_KINDS)('filters by prefix, status and time of creation, in %s', async (kind) => {
    const clock = manualClock('2026-03-01T00:00:00.000Z');
    const engine = await openEngine({ store: storePlace(kind).open(), clock });
    await ended(engine, await start(engine, 'throws', {}, 'x-old'));
    clock.advance(60_000);
    await ended(engine, await start(engine, 'sequence', { steps: 0 }, 'x-new'));
    await ended(engine, await start(engine, 'sequence', { steps: 0 }, 'y%new'));

    const ids = (filter: object) => engine.list({ limit: 10, ...filter }).instances.map(({ instanceId }) => instanceId);

    expect(ids({ idPrefix: 'x-' })).toEqual(['x-old', 'x-new']);
    expect(ids({ idPrefix: 'y%' })).toEqual(['y%new']);
    expect(ids({ statuses: ['Failed'] })).toEqual(['x-old']);
    expect(ids({ createdFrom: '2026-03-01T01:00:30+01:00' })).toEqual(['x-new', 'y%new']);
    expect(ids({ createdTo: '2026-03-01T00:00:30Z' })).toEqual(['x-old']);
    expect(() => ids({ createdTo: 'yesterday' })).toThrow(EngineRefusal);
  });
});

describe('durable timers', () => {
  test('a jump of the clock fires the timers that it passes in the order of their times', async () => {
    const clock = manualClock();
    const engine = await openEngine({ clock, timerLengths: AZURE_TIMER_LENGTHS });
    const instanceId = await start(engine, 'timersInOrder');
    await vi.waitFor(() => expect(engine.stats().dueTimers).toBe(3), { interval: 1 });

    clock.advance(2 * 60_000 + 1);
    await ended(engine, instanceId);

    const fired = engine.history(instanceId).filter(({ EventType }) => EventType === 11);
    expect(fired.map(({ TimerId }) => TimerId)).toEqual([1, 2]);
  });

  test('nothing fires before its time, however often the clock is asked', async () => {
    const clock = manualClock();
    const engine = await openEngine({ clock });
    const instanceId = await start(engine, 'waits', { ms: 200 });
    await vi.waitFor(() => expect(engine.stats().dueTimers).toBe(1), { interval: 1 });

    clock.advance(199);
    await new Promise(setImmediate);
    expect(engine.stats().dueTimers).toBe(1);

    clock.advance(1);
    expect((await ended(engine, instanceId)).output).toEqual({ waitedMs: 200, next: 2 });
  });

  test.each([
    ['cancelsLater', 0, 'the code cancels them'],
    ['generationsWithTimer', 1, 'their generation is over'],
  ])('are forgotten, in memory and in the store: %s keeps %i, because %s', async (name, kept) => {
    const store = createMemoryStore();
    const engine = await openEngine({ store, timerLengths: AZURE_TIMER_LENGTHS });

    const instanceId = await start(engine, name, { generation: 0 });

    await vi.waitFor(
      () => {
        expect(engine.get(instanceId)?.inputJson).toBe(kept === 0 ? '{"generation":0}' : '{"generation":2}');
        expect(engine.history(instanceId).filter(({ EventType }) => EventType === 5)).toHaveLength(1);
        expect(engine.stats()).toMatchObject({ live: 1, dueTimers: kept });
        expect(store.loadOpen().messages).toHaveLength(kept);
      },
      { interval: 1 },
    );
  });

  test('are not even begun when their generation is over in the same turn', async () => {
    const store = createMemoryStore();
    const engine = await openEngine({ store, timerLengths: AZURE_TIMER_LENGTHS });

    const instanceId = await start(engine, 'hurries', { generation: 0 });
    for (const name of ['item', 'start']) await engine.raiseEvent(instanceId, name, null);

    await vi.waitFor(() => expect(engine.get(instanceId)?.inputJson).toBe('{"generation":1}'), { interval: 1 });
    expect(engine.stats()).toMatchObject({ live: 1, dueTimers: 0 });
    await engine.raiseEvent(instanceId, 'start', null);
    expect((await ended(engine, instanceId)).output).toBe('done');
  });

  test('are forgotten when their orchestration ends without them', async () => {
    const engine = await openEngine({ timerLengths: AZURE_TIMER_LENGTHS });

    await run(engine, 'leavesTimer');

    expect(engine.stats()).toEqual(IDLE);
  });

  test('time does not run back inside an instance when the clock does', async () => {
    const clock = manualClock();
    const engine = await openEngine({ clock });
    const instanceId = await start(engine, 'events');
    await waitUntilIdle(engine, instanceId);

    clock.advance(-3_600_000);
    await engine.raiseEvent(instanceId, 'A', '1');
    await vi.waitFor(() => expect(engine.history(instanceId).filter(({ EventType }) => EventType === 12)).toHaveLength(2), { interval: 1 });

    const [first, second] = engine.history(instanceId).filter(({ EventType }) => EventType === 12);
    expect(String(second?.['Timestamp']) >= String(first?.['Timestamp'])).toBe(true);
  });
});

describe('waitForEnd', () => {
  test('resolves to undefined after the time', async () => {
    const engine = await openEngine();
    const instanceId = await start(engine, 'waitsForever');

    expect(await engine.waitForEnd(instanceId, 5)).toBeUndefined();
  });

  test('resolves to undefined when the engine stops', async () => {
    const engine = await openEngine();
    const instanceId = await start(engine, 'waitsForever');
    const waiting = engine.waitForEnd(instanceId, 60_000);

    await engine.stop();

    expect(await waiting).toBeUndefined();
  });
});

describe('transactions', () => {
  /** A memory store that counts how often it is written to. */
  function countingStore(): Store & { commits: number } {
    const memory = createMemoryStore();
    return {
      ...memory,
      commits: 0,
      commit(changes) {
        this.commits += 1;
        memory.commit(changes);
      },
    };
  }

  test('one for the start and one for each episode: the end of an activity has none of its own', async () => {
    const store = countingStore();
    const engine = await openEngine({ store });

    await run(engine, 'sequence', { steps: 5 });
    await new Promise(setImmediate);
    await engine.stop();

    expect(store.commits).toBe(1 + 6);
  });

  test('one for everything that comes in one turn', async () => {
    const store = countingStore();
    const engine = await openEngine({ store, clock: manualClock() });

    await Promise.all(Array.from({ length: 100 }, () => start(engine, 'waitsForever')));

    expect(store.commits).toBe(1);
  });
});

describe('when the store fails', () => {
  test('the request is rejected, the engine stops, and somebody is told', async () => {
    const memory = createMemoryStore();
    let broken = false;
    const commit: Store['commit'] = (changes) => {
      if (broken) throw new Error('disk full');
      memory.commit(changes);
    };
    const onFatal = vi.fn();
    const engine = await openEngine({ store: { ...memory, commit }, onFatal });
    const instanceId = await start(engine, 'waitsForever');

    broken = true;
    await expect(engine.raiseEvent(instanceId, 'never', null)).rejects.toThrow('disk full');

    expect(onFatal).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'disk full' }));
    await expect(start(engine, 'sequence', { steps: 1 })).rejects.toThrow('The engine has stopped.');
  });
});

test('a history shows the Durable field names and none of the host', async () => {
  const engine = await openEngine();
  const { instanceId } = await run(engine, 'retrySucceeds');

  const history = engine.history(instanceId);

  expect(history[0]).toEqual({ EventType: 12, EventId: -1, Timestamp: expect.any(String), IsPlayed: true });
  expect(history.flatMap((event) => Object.keys(event))).not.toContain('FollowUp');
  expect(history.at(-2)).toMatchObject({ EventType: 1, OrchestrationStatus: 1 });
});

test('nothing of a finished instance stays in memory', async () => {
  const store = storePlace('sqlite').open();
  const written: WeakRef<object>[] = [];
  const commit: Store['commit'] = (changes) => {
    for (const change of changes) {
      if ('row' in change) written.push(new WeakRef(change.row));
      if ('events' in change) written.push(...change.events.map((event) => new WeakRef(event)));
    }
    store.commit(changes);
  };
  const engine = await openEngine({ store: { ...store, commit } });

  for (const name of ['sequence', 'retrySucceeds', 'fanOutWithRetries', 'parent', 'generations', 'collects']) {
    const instanceId = await start(engine, name, { steps: 3, generation: 0, last: 3, got: [], wanted: 2 });
    if (name === 'collects') for (const n of [1, 2]) await engine.raiseEvent(instanceId, 'item', String(n));
    await ended(engine, instanceId);
  }
  // `generations` leaves a sleeping activity behind each time; it ends by itself.
  await vi.waitFor(() => expect(engine.stats()).toEqual(IDLE), { interval: 5 });

  const count = written.length;
  collectGarbage();
  await new Promise(setImmediate);
  collectGarbage();
  expect(count).toBeGreaterThan(200);
  expect(written.map((ref) => ref.deref()).filter((object) => object !== undefined)).toEqual([]);
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
