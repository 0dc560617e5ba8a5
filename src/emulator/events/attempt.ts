/** What became of one attempt. `retry`: another one may help. */
export type Outcome = 'delivered' | Readonly<{ retry: boolean; reason: string }>;

const ANSWER_TIMEOUT_MS = 30_000;
const DELIVERED: ReadonlySet<number> = new Set([200, 201, 202, 203, 204]);
const NEVER_RETRIED: ReadonlySet<number> = new Set([400, 401, 403, 413]);

/**
 * Posts one event once and reads the answer as Event Grid does. Never rejects; redirects are failures.
 *
 * @see https://learn.microsoft.com/azure/event-grid/delivery-and-retry
 */
export async function attemptDelivery(url: string, body: string, headers: Record<string, string>, signal: AbortSignal): Promise<Outcome> {
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'manual', signal: within });
    await answer.body?.cancel();
    if (DELIVERED.has(answer.status)) return 'delivered';
    return { retry: !NEVER_RETRIED.has(answer.status), reason: `status ${answer.status}` };
  } catch (error) {
    return { retry: true, reason: error instanceof Error ? error.message : String(error) };
  }
}
