import { describe, expect, test, vi } from 'vitest';
import { createMemoryStore } from '../../../src/local/host/durable/store-memory.ts';
import { ended, IDLE, openEngine, STORE_KINDS, start, storePlace } from './support/engines.ts';
import { world } from './support/fixture-app.ts';
import { SCENARIOS } from './support/scenarios.ts';

describe.each(STORE_KINDS)('orchestrations kept in %s', (kind) => {
  test.each(SCENARIOS)('$title', async ({ name, input, meanwhile, output, fails, check }) => {
    const engine = await openEngine({ store: storePlace(kind).open() });

    const instanceId = await start(engine, name, input);
    await meanwhile?.(engine, instanceId);
    const instance = await ended(engine, instanceId);

    if (fails !== undefined) {
      expect(instance.status).toBe('Failed');
      expect(instance.output).toContain(`Orchestrator function '${name}' failed: ${fails}`);
    } else if (output !== undefined) expect(instance).toMatchObject({ status: 'Completed', output });
    check?.(instance);
  });
});

test('calls are numbered in the order in which they were made', async () => {
  const engine = await openEngine();

  const instanceId = await start(engine, 'fanOut', { width: 10 });
  await ended(engine, instanceId);

  const scheduled = engine.history(instanceId).filter(({ EventType }) => EventType === 4);
  expect(scheduled.map(({ EventId }) => EventId)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('no more activities run at once than allowed', async () => {
  const engine = await openEngine({ maxConcurrentActivities: 3 });

  const instanceId = await start(engine, 'holdsMany', { width: 7 });
  for (let n = 0; n < 7; n += 1) {
    const left = 7 - n;
    const expected = { runningActivities: Math.min(3, left), queuedActivities: Math.max(0, left - 3) };
    await vi.waitFor(() => expect(engine.stats()).toMatchObject(expected), { interval: 1 });
    world().release[`${instanceId}/${n}`]?.(n);
  }

  await ended(engine, instanceId);
  expect(engine.stats()).toEqual(IDLE);
});

test('a whole scenario leaves no messages, activities or timers behind in the store', async () => {
  const store = createMemoryStore();
  const engine = await openEngine({ store });

  for (const name of ['retrySucceeds', 'fanOutWithRetries', 'parent']) await ended(engine, await start(engine, name));

  expect(store.loadOpen()).toEqual({ instances: [], messages: [], activities: [] });
});
