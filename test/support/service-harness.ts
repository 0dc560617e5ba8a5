import { DatabaseSync } from 'node:sqlite';
import type { Route, Service, ServiceAnswer, ServiceTraits, VaultEvent } from '../../src/emulator/service.ts';
import { ServiceError } from '../../src/emulator/service.ts';

const START = Date.parse('2026-03-01T02:00:00Z');

export type HarnessOptions = Readonly<{
  kind: Service['kind'];
  routes: readonly Route[];
  traits?: ServiceTraits;
  /** Factor on emulated durations; default 1. */
  timeScale?: number;
  /** Data actions, without prefix, that the caller lacks. */
  denied?: readonly string[];
  name?: string;
  db?: DatabaseSync;
}>;

/** One emulated instance without its transport: requests go straight to the handlers, and the test moves the clock. */
export function serviceHarness({
  kind,
  routes,
  traits,
  timeScale = 1,
  denied = [],
  name = 'contoso',
  db = new DatabaseSync(':memory:'),
}: HarnessOptions) {
  let nowMs = START;
  const events: VaultEvent[] = [];
  const authorized: string[] = [];
  const origin = `https://${name}.example:8443`;

  const service: Service = {
    kind,
    name,
    db,
    clock: { now: () => nowMs, scaled: (durationMs) => durationMs * timeScale },
    authorize: (_caller, dataAction, scope) => {
      authorized.push(`${dataAction} on ${scope}`);
      if (denied.includes(dataAction)) throw new ServiceError(403, 'AccessDenied', `Not authorized: ${dataAction} on ${scope}`);
    },
    emit: (event) => events.push(event),
    ...(traits && { traits }),
  };

  /** Sends a request; `target` is a path with an optional query, absolute or not. */
  async function send(method: string, target: string, body?: unknown): Promise<ServiceAnswer> {
    const url = new URL(target, origin);
    const path = decodeURIComponent(url.pathname)
      .replace(/\/{2,}/g, '/')
      .replace(/(?<=.)\/$/, '');
    const query = new Map([...url.searchParams].map(([key, value]) => [key.toLowerCase(), value]));

    for (const route of routes) {
      const params = route.method === method ? match(route.path, path) : undefined;
      if (!params) continue;
      const request = { method, path, query, origin, body, caller: { objectId: 'caller', name: 'caller' }, requestId: 'request' };
      return await route.handle(request, params, service);
    }
    throw new Error(`no route for ${method} ${path}`);
  }

  return {
    service,
    origin,
    events,
    authorized,
    send,
    /** Like `send`; the body of the answer, taken to have this shape. */
    // biome-ignore lint/suspicious/noExplicitAny: the tests look into many shapes, and a wrong one fails them.
    json: async (method: string, target: string, body?: unknown): Promise<any> => (await send(method, target, body)).body,
    /** The service's refusal of a request. */
    refusal: (method: string, target: string, body?: unknown): Promise<ServiceError> =>
      send(method, target, body).then(
        () => Promise.reject(new Error(`${method} ${target} was not refused`)),
        (error: unknown) => (error instanceof ServiceError ? error : Promise.reject(error)),
      ),
    advance: (durationMs: number) => {
      nowMs += durationMs;
    },
    /** Unix seconds on the emulator's clock. */
    now: () => Math.floor(nowMs / 1000),
  };
}

export type ServiceHarness = ReturnType<typeof serviceHarness>;

function match(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, found] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== found.length) return undefined;

  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = found[index] ?? '';
    if (segment.startsWith(':')) params[segment.slice(1)] = value;
    else if (segment !== value) return undefined;
  }
  return params;
}
