import { serialize } from 'hono/utils/cookie';
import { z } from 'zod';
import type { LoadedApp, RegisteredFunction, TypedData } from '../app-model.ts';
import type { CallFunction } from '../function-caller.ts';
import { type AuthLevel, type HostKeys, keyOpens } from '../keys.ts';
import { errorText, type Log } from '../log.ts';
import { presentedKey } from './presented-key.ts';
import { readBody } from './read-body.ts';
import { parseRouteTemplate, type RouteTemplate } from './route-template.ts';

/** The host's own limit, as on Azure; an app may have a lower one. */
const MAX_BODY_BYTES = 100 * 1024 * 1024;

type FunctionRoute = Readonly<{ fn: RegisteredFunction; template: RouteTemplate; methods: readonly string[]; level: AuthLevel }>;

const trigger = z.object({
  route: z.string().optional(),
  methods: z.array(z.string()).min(1).default(['GET', 'POST']),
  authLevel: z.enum(['anonymous', 'function', 'system', 'admin']).default('anonymous'),
});

/**
 * Answers the requests for HTTP triggers. The route is found first, then the key is looked at: an unknown path, or a method that the function
 * does not list, is 404 whoever asks.
 *
 * @throws {HostError} when a function's route cannot be read.
 */
export function functionRoutes({ app, call, keys, routePrefix, log }: Surroundings): (request: Request) => Promise<Response> {
  const routes = app
    .ofType('httpTrigger')
    .map((fn) => readRoute(fn, routePrefix))
    .sort((a, b) => (a.template.precedence < b.template.precedence ? -1 : 1));

  return async (request) => {
    const url = new URL(request.url);
    const found = findRoute(routes, request.method, url.pathname);
    if (!found) return new Response(null, { status: 404 });
    const { fn, level, params } = found;
    if (!keyOpens(keys, level, presentedKey(request), { functionName: fn.name })) return new Response(null, { status: 401 });

    const body = await readBody(request, MAX_BODY_BYTES);
    if (!body) return new Response(null, { status: 413 });
    try {
      const { response } = await call(fn, httpInput(request, url, params, body));
      return httpOutput(response?.returnValue);
    } catch (error) {
      log('error', 'http function failed', { function: fn.name, reason: errorText(error) });
      return new Response(null, { status: 500 });
    }
  };
}

type Surroundings = Readonly<{ app: LoadedApp; call: CallFunction; keys: HostKeys; routePrefix: string; log: Log }>;

function readRoute(fn: RegisteredFunction, routePrefix: string): FunctionRoute {
  const { route, methods, authLevel } = trigger.parse(fn.trigger);
  return {
    fn,
    template: parseRouteTemplate(`${routePrefix}/${route ?? fn.name}`),
    methods: methods.map((method) => method.toUpperCase()),
    level: authLevel,
  };
}

function findRoute(routes: readonly FunctionRoute[], method: string, path: string) {
  for (const route of routes) {
    const params = route.methods.includes(method) ? route.template.match(path) : undefined;
    if (params) return { ...route, params };
  }
  return undefined;
}

/** A request in the form of the worker protocol: each value wrapped, repeated ones joined by commas, the body only when there is one. */
function httpInput(request: Request, url: URL, params: Readonly<Record<string, string>>, body: Uint8Array): TypedData {
  const query = new Map<string, string>();
  for (const [name, value] of url.searchParams) query.set(name, query.has(name) ? `${query.get(name)},${value}` : value);
  return {
    http: {
      method: request.method,
      url: url.href,
      nullableHeaders: wrapped(request.headers),
      nullableQuery: wrapped(query),
      nullableParams: wrapped(Object.entries(params)),
      ...(body.length > 0 ? { body: { bytes: body } } : {}),
    },
  };
}

function wrapped(entries: Iterable<readonly [string, string]>): Record<string, { value: string }> {
  return Object.fromEntries(Array.from(entries, ([name, value]) => [name, { value }]));
}

/** A wrapped value of the worker protocol that may be missing. */
const optional = <T extends z.ZodType>(type: T) =>
  z.preprocess((wrapper) => (wrapper as { value?: unknown } | null | undefined)?.value ?? undefined, type.optional());

const cookie = z.object({
  name: z.string(),
  value: z.string(),
  domain: optional(z.string()),
  path: optional(z.string()),
  expires: optional(z.object({ seconds: z.number() })),
  secure: optional(z.boolean()),
  httpOnly: optional(z.boolean()),
  sameSite: z.enum(['none', 'lax', 'strict', 'explicitNone']).default('none'),
  maxAge: optional(z.number()),
});

const output = z.object({
  statusCode: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
  cookies: z.array(cookie).default([]),
  body: z.object({ bytes: z.instanceof(Uint8Array).nullish(), string: z.string().nullish() }).nullish(),
});

/** Statuses whose answer has no body by definition; `Response` refuses one. */
const BODYLESS = new Set([204, 205, 304]);

/** What the handler returned, as an answer; nothing is 204. */
function httpOutput(returnValue: TypedData | null | undefined): Response {
  if (!returnValue?.http) return new Response(null, { status: 204 });
  const { statusCode, headers, cookies, body } = output.parse(returnValue.http);
  const status = Number(statusCode);
  const answer = new Headers(headers);
  for (const one of cookies) answer.append('set-cookie', setCookie(one));
  const content = body?.bytes ? Uint8Array.from(body.bytes) : (body?.string ?? null);
  return new Response(BODYLESS.has(status) ? null : content, { status, headers: answer });
}

/** Words of the worker protocol: `none` means that the attribute is not set. */
const SAME_SITE = { none: undefined, lax: 'Lax', strict: 'Strict', explicitNone: 'None' } as const;

function setCookie({ name, value, expires, sameSite, ...rest }: z.infer<typeof cookie>): string {
  const when = expires && new Date(expires.seconds * 1000);
  return serialize(name, value, {
    ...rest,
    ...(when ? { expires: when } : {}),
    ...(sameSite === 'none' ? {} : { sameSite: SAME_SITE[sameSite] }),
  });
}
