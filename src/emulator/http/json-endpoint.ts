import type { Params } from '../service.ts';
import type { HttpAnswer, HttpOutcome } from './listener.ts';
import { BodyTooLarge, type HttpRequest } from './request.ts';
import { createRouter } from './router.ts';

/** A route of the control interface, the authority or the identity endpoint. */
export type JsonRoute = Readonly<{
  method: string;
  path: string;
  handle: (request: HttpRequest, params: Params) => HttpOutcome | Promise<HttpOutcome>;
}>;

/** Refused with this status; `hint` tells what would have been right. */
export class RequestError extends Error {
  readonly status: number;
  readonly hint: string | undefined;

  constructor(status: number, message: string, hint?: string) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
    body: `${JSON.stringify(body)}`,
  };
}

/** Handles requests by a table of routes. A `RequestError` becomes `{"error": {"message", "hint"?}}`. */
export function createJsonEndpoint(routes: readonly JsonRoute[]): (request: HttpRequest) => Promise<HttpOutcome> {
  const route = createRouter(routes);
  return async (request) => {
    try {
      const match = route(request.method, request.path ?? '');
      if (match.found) return await match.route.handle(request, match.params);
      throw match.pathKnown
        ? new RequestError(405, `${request.method} is not allowed here.`)
        : new RequestError(404, `There is nothing at ${request.path ?? request.url}.`);
    } catch (error) {
      if (error instanceof BodyTooLarge) return json(413, { error: { message: error.message } });
      if (!(error instanceof RequestError)) throw error;
      return json(error.status, { error: { message: error.message, ...(error.hint ? { hint: error.hint } : {}) } });
    }
  };
}
