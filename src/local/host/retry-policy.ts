import { z } from 'zod';
import type { HostClock } from './clock.ts';
import { errorText } from './log.ts';

const duration = z.object({ seconds: z.number() }).transform(({ seconds }) => seconds * 1000);

/** As `@azure/functions` registers it; -1 retries for ever. */
const retryPolicy = z.discriminatedUnion('retryStrategy', [
  z.object({ retryStrategy: z.literal('fixedDelay'), maxRetryCount: z.number().int(), delayInterval: duration }),
  z.object({
    retryStrategy: z.literal('exponentialBackoff'),
    maxRetryCount: z.number().int(),
    minimumInterval: duration,
    maximumInterval: duration,
  }),
]);

export type RetryPolicy = Readonly<z.infer<typeof retryPolicy>>;

/** What the function sees as `context.retryContext`; absent on the first attempt. */
export type RetryContext = Readonly<{
  retryCount: number;
  maxRetryCount: number;
  exception: { message: string; source: string; stackTrace: string };
}>;

/** @throws {z.ZodError} when the registration has options of another form. */
export function readRetryPolicy(registered: unknown): RetryPolicy | undefined {
  return registered === undefined || registered === null ? undefined : retryPolicy.parse(registered);
}

/**
 * Runs a whole function again until it succeeds or the policy gives up.
 *
 * @throws the error of the last attempt.
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-error-pages#retry-policies
 */
export async function runWithRetries<T>(
  policy: RetryPolicy | undefined,
  clock: HostClock,
  attempt: (retryContext: RetryContext | undefined) => Promise<T>,
): Promise<T> {
  let retryContext: RetryContext | undefined;
  for (let retryCount = 1; ; retryCount++) {
    try {
      return await attempt(retryContext);
    } catch (error) {
      if (!policy || (policy.maxRetryCount >= 0 && retryCount > policy.maxRetryCount)) throw error;
      const stackTrace = error instanceof Error ? (error.stack ?? '') : '';
      retryContext = { retryCount, maxRetryCount: policy.maxRetryCount, exception: { message: errorText(error), source: '', stackTrace } };
      const dueMs = clock.now() + delayMs(policy, retryCount);
      await new Promise<void>((resolve) => clock.at(dueMs, resolve));
    }
  }
}

/** The wait before a retry, the first being number 1. */
export function delayMs(policy: RetryPolicy, retryCount: number): number {
  if (policy.retryStrategy === 'fixedDelay') return policy.delayInterval;
  return Math.min(policy.minimumInterval * 2 ** (retryCount - 1), policy.maximumInterval);
}
