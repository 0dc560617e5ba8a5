import type { HsmJob } from '../job.ts';

/**
 * `plans/<id>.attempt.json`: written before a restore's start request is sent, because a request that was sent once must not be sent
 * again before it is known what became of it.
 */
export type RestoreAttempt = Readonly<{
  schema: 'hsmkeep.restore-attempt/1';
  /** Counts from 1. 0: the last one was certainly not taken. */
  attempt: number;
  /** The job, once the HSM has answered. */
  job: HsmJob | null;
}>;

/** `not-sent`: this attempt may be sent; `sent`: it was, and its answer was lost; `started`: it was, and this is its job. */
export type AttemptState = Readonly<{ status: 'not-sent' } | { status: 'sent' } | { status: 'started'; job: HsmJob }>;

/** Where an attempt stands that is entered, perhaps for the second time. */
export function attemptState(known: RestoreAttempt | undefined, attempt: number): AttemptState {
  if (!known || known.attempt < attempt) return { status: 'not-sent' };
  return known.job ? { status: 'started', job: known.job } : { status: 'sent' };
}
