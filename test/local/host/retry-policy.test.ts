import { describe, expect, test } from 'vitest';
import { delayMs, type RetryContext, readRetryPolicy, runWithRetries } from '../../../src/local/host/retry-policy.ts';
import { ManualClock } from './support/manual-clock.ts';

const exponential = readRetryPolicy({
  retryStrategy: 'exponentialBackoff',
  maxRetryCount: 5,
  minimumInterval: { seconds: 4 },
  maximumInterval: { seconds: 20 },
});

describe('delayMs', () => {
  test('doubles from the least wait up to the longest', () => {
    expect([1, 2, 3, 4].map((retry) => exponential && delayMs(exponential, retry))).toEqual([4_000, 8_000, 16_000, 20_000]);
  });

  test('stays the same for a fixed delay', () => {
    const fixed = readRetryPolicy({ retryStrategy: 'fixedDelay', maxRetryCount: 2, delayInterval: { seconds: 7 } });
    expect([1, 2].map((retry) => fixed && delayMs(fixed, retry))).toEqual([7_000, 7_000]);
  });
});

describe('runWithRetries', () => {
  const policy = readRetryPolicy({ retryStrategy: 'fixedDelay', maxRetryCount: 2, delayInterval: { seconds: 60 } });

  /** Fails so many times; moves the clock whenever somebody waits. */
  async function run(failures: number, used: typeof policy | null = policy) {
    const clock = new ManualClock('2026-03-01T00:00:00Z');
    const contexts: (RetryContext | undefined)[] = [];
    const starts: string[] = [];
    const result = runWithRetries(used ?? undefined, clock, async (context) => {
      contexts.push(context);
      starts.push(new Date(clock.now()).toISOString().slice(11, 19));
      if (contexts.length <= failures) {
        queueMicrotask(() => setImmediate(() => clock.next && clock.moveTo(clock.next)));
        throw new Error(`failure ${contexts.length}`);
      }
      return 'done';
    });
    return { result: await result.catch((error: Error) => error.message), contexts, starts };
  }

  test('runs again after the wait, and says which retry it is and why', async () => {
    const { result, contexts, starts } = await run(2);
    expect(result).toBe('done');
    expect(starts).toEqual(['00:00:00', '00:01:00', '00:02:00']);
    expect(contexts.map((context) => context && [context.retryCount, context.maxRetryCount, context.exception.message])).toEqual([
      undefined,
      [1, 2, 'failure 1'],
      [2, 2, 'failure 2'],
    ]);
  });

  test('gives up with the error of the last attempt', async () => {
    const { result, contexts } = await run(9);
    expect(result).toBe('failure 3');
    expect(contexts).toHaveLength(3);
  });

  test('runs once without a policy', async () => {
    expect((await run(1, null)).result).toBe('failure 1');
  });
});
