import type { Refusal } from './problems.ts';
import type { Problem } from './views.ts';

/** What kind of job a run has going on the HSM; its status lies under a path of its own. */
export type JobKind = 'backup' | 'restore';

/** A job of the HSM that a run waits for. `resume` is what the client needs to ask again; it holds no SAS. */
export type HsmJob = Readonly<{ kind: JobKind; jobId: string; resume: string }>;

/**
 * What came of one start request. It is sent once and never repeated here.
 *
 * - `started`: 202. `date` is the HSM's own clock (ISO 8601 UTC) where it sent one.
 * - `busy`: 409, another backup or restore runs.
 * - `throttled`: 429, certainly not started.
 * - `unknown`: no answer or a 5xx; it may or may not have started.
 * - `refused`: it did not start, and will not for the same reason again.
 */
export type JobStart = Readonly<
  | { status: 'started'; job: HsmJob; retryAfterMs: number | null; date: string | null }
  | { status: 'busy'; detail: string }
  | { status: 'throttled'; detail: string }
  | { status: 'unknown'; detail: string }
  | { status: 'refused'; refusal: Refusal; problem: Problem }
>;

/** The state of a job. `unknown`: the HSM does not know the job's id. `unanswered`: it did not say; ask again. Times are ISO 8601 UTC. */
export type JobCheck = Readonly<
  | { status: 'running' }
  | { status: 'unanswered'; detail: string }
  | { status: 'succeeded'; folder: string | null; startedAt: string | null; endedAt: string | null; detail: string }
  | { status: 'failed'; code: string; detail: string }
  | { status: 'unknown' }
>;
