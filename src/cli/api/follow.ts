import { setTimeout as delay } from 'node:timers/promises';
import { OperatorError } from '../../domain/errors.ts';
import type { Run } from '../../domain/run.ts';
import { type ApiClient, ApiError } from './client.ts';

export type FollowOptions = Readonly<{
  /** Called with every reading of every run, changed or not. */
  onReading(run: Run): void;
  /** When to stop waiting; the runs go on without us. */
  deadlineMs: number;
  intervalMs?: number;
  signal?: AbortSignal;
}>;

const INTERVAL_MS = 500;
/** How long an API that answered before may be away, as it is while it restarts. */
const PATIENCE_MS = 30_000;

/**
 * Reads runs again and again until all have ended. An API that is briefly away is waited for.
 *
 * @returns The ended runs, in the order of the ids.
 * @throws {OperatorError} when the deadline passes or the API stays away.
 */
export async function followRuns(api: ApiClient, ids: readonly string[], options: FollowOptions): Promise<readonly Run[]> {
  const { onReading, deadlineMs, intervalMs = INTERVAL_MS, signal } = options;
  const endOfTime = performance.now() + deadlineMs;
  const ended = new Map<string, Run>();
  let answeredAt = performance.now();

  while (true) {
    for (const id of ids.filter((each) => !ended.has(each))) {
      const run = await readPatiently(id);
      if (!run) continue;
      onReading(run);
      if (run.endedAt !== null) ended.set(id, run);
    }
    if (ended.size === new Set(ids).size) return ids.flatMap((id) => ended.get(id) ?? []);
    if (performance.now() > endOfTime) throw tooLong(ids.filter((id) => !ended.has(id)));
    await delay(intervalMs, undefined, signal ? { signal } : undefined);
  }

  async function readPatiently(id: string): Promise<Run | undefined> {
    try {
      const run = await api.get<Run>(`/runs/${encodeURIComponent(id)}`);
      answeredAt = performance.now();
      return run;
    } catch (error) {
      // A run that was just accepted may not have its document yet.
      const mayPass = error instanceof ApiError && (error.status === 0 || error.status === 404 || error.status >= 500);
      if (!mayPass || performance.now() - answeredAt > PATIENCE_MS) throw error;
      return undefined;
    }
  }
}

function tooLong(ids: readonly string[]): OperatorError {
  return new OperatorError(
    `Still not ended: ${ids.join(', ')}.`,
    `It goes on without this command. Look again with: hsmkeep run show ${ids[0]} --follow`,
  );
}
