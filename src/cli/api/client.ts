import { OperatorError } from '../../domain/errors.ts';
import type { Page } from '../../domain/views.ts';
import type { Target } from './target.ts';

/** The items of a list; `more` is whatever else the API says with them. */
export type Listed<T> = Readonly<{ value: readonly T[]; [more: string]: unknown }>;

/** The HTTP API as commands use it. Paths are below the prefix and start with a slash: `/hsms`. */
export interface ApiClient {
  /** @throws {OperatorError} for every answer that is not a success, with the API's own hint. */
  get<T>(path: string): Promise<T>;
  /** All pages of a list, or as many as hold `limit` items; with what else the first page says. */
  list<T>(path: string, limit?: number): Promise<Listed<T>>;
  /** Starts something. Never sent twice, except after a 401, which nothing was done for. */
  post<T>(path: string, body?: unknown): Promise<T>;
  /** Makes something so. */
  put<T>(path: string, body: unknown): Promise<T>;
  /** Takes something away. */
  delete<T>(path: string): Promise<T>;
}

/** An answer of the API that is not a success. `status` is the HTTP status, or 0 when there was no answer. */
export class ApiError extends OperatorError {
  readonly status: number;

  constructor(status: number, message: string, hint: string, options?: ErrorOptions) {
    super(message, hint, options);
    this.name = 'ApiError';
    this.status = status;
  }
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** @param timeoutMs Deadline of one call, from connecting to the last byte. */
export function apiClient(target: Target, timeoutMs: number = DEFAULT_TIMEOUT_MS): ApiClient {
  let token: string | undefined;

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    token ??= await target.token.get();
    let answer = await send(method, path, token, body);
    if (answer.status === 401) {
      const renewed = await target.token.renew();
      if (renewed !== undefined) {
        token = renewed;
        answer = await send(method, path, token, body);
      }
    }
    return answer.ok ? parseJson(answer, target) : fail(answer, target);
  }

  async function send(method: string, path: string, bearer: string, body: unknown): Promise<Answer> {
    const headers: Record<string, string> = { accept: 'application/json', authorization: `Bearer ${bearer}` };
    const init: RequestInit = { method, headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) };
    if (method !== 'GET') {
      headers['content-type'] = 'application/json';
      init.body = JSON.stringify(body ?? {});
    }
    try {
      const response = await fetch(target.apiUrl + path, init);
      return { status: response.status, ok: response.ok, type: response.headers.get('content-type') ?? '', text: await response.text() };
    } catch (error) {
      throw noAnswer(error, target, timeoutMs);
    }
  }

  return {
    get: async <T>(path: string) => (await call('GET', path)) as T,
    post: async <T>(path: string, body?: unknown) => (await call('POST', path, body)) as T,
    delete: async <T>(path: string) => (await call('DELETE', path)) as T,
    put: async <T>(path: string, body: unknown) => (await call('PUT', path, body)) as T,
    list: (async <T>(path: string, limit = Number.POSITIVE_INFINITY) => {
      const value: T[] = [];
      let more: object = {};
      let next: string | undefined = path;
      while (next !== undefined && value.length < limit) {
        const { value: items, nextLink, ...rest } = (await call('GET', next)) as Page<T>;
        if (next === path) more = rest;
        value.push(...items);
        next = nextLink === undefined ? undefined : pathOf(nextLink, target);
      }
      return { ...more, value: value.slice(0, limit) };
    }) as ApiClient['list'],
  };
}

type Answer = Readonly<{ status: number; ok: boolean; type: string; text: string }>;

/** A next link may be absolute or relative; the token only ever goes to the API it is for. */
function pathOf(nextLink: string, target: Target): string {
  const url = new URL(nextLink, `${target.apiUrl}/`).href;
  if (!url.startsWith(`${target.apiUrl}/`)) {
    throw new ApiError(0, `${target.apiUrl} pointed to another place for the rest of its list.`, 'Check that the URL is that of hsmkeep.');
  }
  return url.slice(target.apiUrl.length);
}

function parseJson({ text, status, type }: Answer, { apiUrl }: Target): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError(
      status,
      `${apiUrl} answered ${status} with ${type || 'something'} that is not JSON.`,
      'Check that the URL is that of hsmkeep.',
      { cause: error },
    );
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc9457 Problem details; `hint` is our own member. */
function fail({ status, text }: Answer, target: Target): never {
  const problem = parseProblem(text);
  const message = problem?.detail ?? problem?.title ?? `${target.apiUrl} answered ${status}.`;
  throw new ApiError(status, message, problem?.hint ?? usualHint(status, target));
}

type ProblemDetails = Readonly<{ title?: string; detail?: string; hint?: string }>;

function parseProblem(text: string): ProblemDetails | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function usualHint(status: number, { readyFile }: Target): string {
  if (status === 401)
    return readyFile
      ? 'Start the local stack again: its tokens are new then.'
      : 'Sign in again with `az login`, or pass a fresh token in HSMKEEP_TOKEN.';
  if (status === 403)
    return readyFile ? 'Try another person with --as: alice, bob, carol or root.' : 'Ask an administrator for the role that this needs.';
  if (status === 404) return 'See what there is: hsmkeep hsm list, hsmkeep backup list, hsmkeep run list.';
  if (status === 429 || status >= 500) return 'Try again in a moment; if it stays so, look at the log of the function app.';
  return 'See hsmkeep --help for what this command takes.';
}

function noAnswer(error: unknown, { apiUrl, readyFile }: Target, timeoutMs: number): ApiError {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new ApiError(
      0,
      `${apiUrl} did not answer within ${timeoutMs / 1000} s.`,
      'Try again, or give it longer with --timeout SECONDS.',
      { cause: error },
    );
  }
  const hint = readyFile
    ? `Its ready file is ${readyFile}; if the stack has ended, start it again with \`npm start\`.`
    : 'Check the URL, and that this machine can reach it.';
  return new ApiError(0, `${apiUrl} cannot be reached: ${reason(error)}.`, hint, { cause: error });
}

/** fetch wraps the error of the socket, which alone says something. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND') return 'there is no such host';
  return cause instanceof Error ? cause.message || code || cause.name : String(cause);
}
