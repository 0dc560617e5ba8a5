import type { Refusal } from '../domain/problems.ts';
import type { Problem } from '../domain/views.ts';

/** What a retry may cure: a dropped connection, a time-out, 429, 5xx. The message is in our words and fit to be stored. */
export class TransientError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TransientError';
  }
}

/** The service takes no more requests for now (429). `retryAfterMs`: how long it wants to be left alone; 0 where it does not tell. */
export class ThrottledError extends TransientError {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.name = 'ThrottledError';
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a retry cannot cure. `defineActivity` turns it into a result, so that it is not repeated. */
export class RefusedError extends Error {
  readonly refusal: Refusal;
  readonly problem: Problem;

  constructor(refusal: Refusal, problem: Problem) {
    super(problem.message);
    this.name = 'RefusedError';
    this.refusal = refusal;
    this.problem = problem;
  }
}
