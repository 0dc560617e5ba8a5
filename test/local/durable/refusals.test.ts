import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/local/host/durable/store-memory.ts';
import { ended, IDLE, openEngine, run, start, waitUntilIdle } from './support/engines.ts';
import { world } from './support/fixture-app.ts';

describe('an orchestration that uses what the local host has not', () => {
  test.each([
    ['callsEntity', 'durable entities (callEntity)'],
    ['signalsEntity', 'durable entities (signalEntity)'],
    ['locks', 'critical sections (df.lock)'],
    ['callsHttp', 'callHttp'],
    ['retriesByTime', 'retryTimeoutInMilliseconds'],
  ])('%s: fails at once and names the feature', async (name, feature) => {
    const engine = await openEngine();

    const instance = await run(engine, name);

    expect(instance.status).toBe('Failed');
    expect(instance.output).toContain(`Orchestrator function '${name}' failed: the local host does not support ${feature}`);
    expect(engine.stats()).toEqual(IDLE);
  });

  test('starts none of the calls made beside the refused one', async () => {
    const store = createMemoryStore();
    const engine = await openEngine({ store });
    const before = world().ran['plusOne'] ?? 0;

    await run(engine, 'signalsEntity');

    expect(world().ran['plusOne'] ?? 0).toBe(before);
    expect(store.loadOpen().activities).toEqual([]);
  });
});

test('a task given to a second Task.any fails the instance instead of running twice', async () => {
  const engine = await openEngine();

  const instance = await run(engine, 'reusesTask');

  expect(instance.status).toBe('Failed');
  expect(instance.output).toContain('a task was given to a second Task.any or Task.all');
});

test('a timer without a date fails the instance', async () => {
  const engine = await openEngine();

  expect(await run(engine, 'badTimer')).toMatchObject({ status: 'Failed', output: expect.stringContaining('Invalid time value') });
});

describe('code that changed under a running instance', () => {
  test.each([
    ['renamed', "call 0 was TaskScheduled 'plusOne' in the history, the code now makes TaskScheduled 'kindOf'"],
    ['reordered', "call 0 was TaskScheduled 'plusOne' in the history, the code now makes TimerCreated"],
    ['shortened', "the history has TaskScheduled 'plusOne', which the code no longer calls"],
  ])('%s: fails the instance and says what differs', async (name, difference) => {
    const engine = await openEngine();
    world().code = 'first';
    const instanceId = await start(engine, name);
    await waitUntilIdle(engine, instanceId);

    world().code = 'second';
    await engine.raiseEvent(instanceId, 'go', null);
    const instance = await ended(engine, instanceId);

    expect(instance.status).toBe('Failed');
    expect(instance.output).toContain(`Non-deterministic orchestrator: ${difference}`);
  });

  test('unchanged code is not accused', async () => {
    const engine = await openEngine();
    world().code = 'first';

    for (const name of ['renamed', 'reordered', 'shortened']) {
      const instanceId = await start(engine, name);
      await waitUntilIdle(engine, instanceId);
      await engine.raiseEvent(instanceId, 'go', null);
      expect(await ended(engine, instanceId)).toMatchObject({ status: 'Completed' });
    }
  });
});
