import { describe, expect, test } from 'vitest';
import type { InvocationResult, LoadedApp, RegisteredFunction } from '../../../src/local/host/app-model.ts';
import { limitTime } from '../../../src/local/host/function-timeout.ts';
import { trackCalls } from '../../../src/local/host/running-calls.ts';

const fn = (type: string): RegisteredFunction => ({
  name: 'work',
  bindings: {},
  trigger: { type, name: 'trigger', direction: 'in' },
  retryOptions: undefined,
  callback: () => {},
});
const RESULT: InvocationResult = { context: undefined, raw: 'done' };

/** An app whose every call takes until `end`. */
function slowApp() {
  const ends: (() => void)[] = [];
  const invoke = () => new Promise<InvocationResult>((resolve) => ends.push(() => resolve(RESULT)));
  const app: LoadedApp = { find: () => undefined, ofType: () => [], all: () => [], invoke, terminate: async () => {} };
  return { app, ends };
}

describe('trackCalls', () => {
  test('waits for what runs, and no longer', async () => {
    const { app, ends } = slowApp();
    const tracked = trackCalls(app);
    const calls = [tracked.app.invoke(fn('httpTrigger'), []), tracked.app.invoke(fn('activityTrigger'), [])];
    let finished = false;
    const finish = tracked.finish(60_000).then(() => {
      finished = true;
    });
    ends[0]?.();
    await calls[0];
    expect(finished).toBe(false);
    ends[1]?.();
    await finish;
  });

  test('gives up after the time', async () => {
    const { app } = slowApp();
    const tracked = trackCalls(app);
    void tracked.app.invoke(fn('httpTrigger'), []);
    await tracked.finish(10);
  });

  test('begins no activity once the host ends, but still what an open call needs', async () => {
    const { app, ends } = slowApp();
    const tracked = trackCalls(app);
    await tracked.finish(0);
    void tracked.app.invoke(fn('activityTrigger'), []);
    void tracked.app.invoke(fn('orchestrationTrigger'), []);
    expect(ends).toHaveLength(1);
  });
});

describe('limitTime', () => {
  test('fails a call that takes longer than the limit, naming the function', async () => {
    const { app } = slowApp();
    await expect(limitTime(app, 10).invoke(fn('timerTrigger'), [])).rejects.toThrow(
      'work took longer than the functionTimeout of host.json, 0.01 s',
    );
  });

  test('leaves a call alone that ends in time, and every call without a limit', async () => {
    const { app, ends } = slowApp();
    const call = limitTime(app, 60_000).invoke(fn('timerTrigger'), []);
    ends[0]?.();
    expect(await call).toBe(RESULT);
    expect(limitTime(app, undefined)).toBe(app);
  });
});
