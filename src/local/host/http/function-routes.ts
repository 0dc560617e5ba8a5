import { z } from 'zod';
import type { LoadedApp, RegisteredFunction } from '../app-model.ts';
import type { CallFunction } from '../function-caller.ts';
import { type AuthLevel, type HostKeys, keyOpens } from '../keys.ts';
import { errorText, type Log } from '../log.ts';
import { httpInput, httpOutput } from './http-data.ts';
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
 * @throws {OperatorError} when a function's route cannot be read.
 */
export function functionRoutes({ app, call, keys, routePrefix, log }: Surroundings): (request: Request) => Promise<Response> {
  const routes = app
    .ofType('httpTrigger')
    .map((fn) => readRoute(fn, routePrefix))
    .sort((a, b) => compare(a.template.precedence, b.template.precedence));

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

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

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
