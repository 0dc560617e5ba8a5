import type { HttpMethod, HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import * as z from 'zod';
import type { Clients } from '../clients/clients.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import type { Duty } from '../domain/duty.ts';
import { NotConfiguredError, NotFoundError, OperatorError } from '../domain/errors.ts';
import { redact } from '../domain/redact.ts';
import { type Authenticate, type Caller, hasRole, type Role } from './authenticate.ts';
import { HttpProblem } from './problem.ts';

/** What a handler gets beside the request. */
export type Tools = Readonly<{ clients: Clients; durable: DurableClient; caller: Caller | null; now: string; log: InvocationContext }>;

/** One method of a route. `role` null: anonymous. `body`: the schema of the request's JSON; without one, a body is ignored. */
export type Operation = Readonly<{
  role: Role | null;
  summary: string;
  body?: z.ZodType;
  /** Query parameters with what they mean. */
  query?: Readonly<Record<string, string>>;
  answers: Readonly<Record<number, Readonly<{ description: string; schema?: z.ZodType }>>>;
  handle(request: RouteRequest, tools: Tools): Promise<HttpResponseInit>;
}>;

/** `body` was checked against the operation's schema. */
export type RouteRequest = Readonly<{ params: Readonly<Record<string, string>>; query: URLSearchParams; body: unknown; url: URL }>;

/** A route with all its methods: one function, so that a wrong method can be told from a wrong path. */
export type Route = Readonly<{
  /** The registered function's name. */
  name: string;
  /** Below the prefix, as ASP.NET templates: `hsms/{hsm}`. */
  route: string;
  duties: readonly Duty[];
  methods: Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Operation>>>;
}>;

export const defineRoute = (route: Route): Route => route;

export const ALL_METHODS: HttpMethod[] = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];

const BODY_LIMIT_BYTES = 1024 * 1024;

/** Makes the handler of a route: method, caller, role, body, then the operation; whatever goes wrong becomes a problem. */
export function handlerOf(route: Route, tools: Readonly<{ clients: Clients; authenticate: Authenticate }>) {
  return async (request: HttpRequest, durable: DurableClient, log: InvocationContext): Promise<HttpResponseInit> => {
    try {
      const operation = route.methods[request.method as keyof Route['methods']];
      if (!operation) throw wrongMethod(route, request.method);

      const caller = operation.role === null ? null : await tools.authenticate(request.headers.get('authorization'));
      if (caller && operation.role !== null && !hasRole(caller, operation.role)) throw missingRole(operation.role);

      const url = new URL(request.url);
      const body = operation.body ? await readBody(request, operation.body) : undefined;
      return await operation.handle(
        { params: request.params, query: url.searchParams, body, url },
        { clients: tools.clients, durable, caller, now: new Date().toISOString(), log },
      );
    } catch (error) {
      return problemFor(error, log).toResponse();
    }
  };
}

function problemFor(error: unknown, log: InvocationContext): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof OperatorError) return new HttpProblem(isMissing(error) ? 404 : 500, { message: error.message, hint: error.hint });
  if (error instanceof RefusedError) return new HttpProblem(503, error.problem);
  if (error instanceof TransientError)
    return new HttpProblem(
      503,
      { message: `Something this app needs did not answer: ${error.message}.`, hint: 'Try again in a moment.' },
      { 'retry-after': '10' },
    );
  log.error('request failed unexpectedly', {
    invocationId: log.invocationId,
    error: redact(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  });
  return new HttpProblem(500, {
    message: 'hsmkeep failed unexpectedly.',
    hint: `Look for invocation ${log.invocationId} in the app's log, and report it.`,
  });
}

const isMissing = (error: OperatorError): boolean => error instanceof NotConfiguredError || error instanceof NotFoundError;

const wrongMethod = (route: Route, method: string): HttpProblem => {
  const allow = Object.keys(route.methods).join(', ');
  return new HttpProblem(405, { message: `${method} is not a method of /api/${route.route}.`, hint: `Allowed: ${allow}.` }, { allow });
};

const missingRole = (role: Role): HttpProblem =>
  new HttpProblem(403, {
    message: `This needs the app role ${role}.`,
    hint: `An administrator of the app registration assigns it (Enterprise applications, Users and groups, role "${role}").`,
  });

async function readBody(request: HttpRequest, schema: z.ZodType): Promise<unknown> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  const text = declared > BODY_LIMIT_BYTES ? undefined : await readLimited(request);
  if (text === undefined)
    throw new HttpProblem(413, { message: 'The body is larger than 1 MiB.', hint: 'No request of this API needs as much.' });

  const { success, data, error } = schema.safeParse(parseJson(text));
  if (success) return data;
  throw new HttpProblem(400, {
    message: `The body is not as expected: ${z.prettifyError(error).replaceAll('\n', ' ')}`,
    hint: 'See /api/openapi.json.',
  });
}

function parseJson(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpProblem(400, { message: 'The body is not JSON.', hint: 'Send application/json; see /api/openapi.json.' });
  }
}

/** Undefined when there is more than the limit; what lies beyond it is not read. */
async function readLimited(request: HttpRequest): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    chunks.push(chunk as Uint8Array);
    size += (chunk as Uint8Array).byteLength;
    if (size > BODY_LIMIT_BYTES) return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}
