import type { HttpResponseInit } from '@azure/functions';
import type { Problem } from '../domain/views.ts';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Too large',
  415: 'Unsupported media type',
  500: 'Internal error',
  503: 'Not available',
};

/** An answer that is a problem; thrown by handlers, written by the route. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, problem: Problem, headers: Readonly<Record<string, string>> = {}) {
    super(problem.message);
    this.status = status;
    this.problem = problem;
    this.headers = headers;
  }

  /** @see https://www.rfc-editor.org/rfc/rfc9457 */
  toResponse(): HttpResponseInit {
    const body = {
      type: 'about:blank',
      title: TITLES[this.status] ?? 'Problem',
      status: this.status,
      detail: this.problem.message,
      hint: this.problem.hint,
    };
    return { status: this.status, headers: { ...this.headers, 'content-type': 'application/problem+json' }, body: JSON.stringify(body) };
  }
}
