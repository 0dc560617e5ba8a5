import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { HttpAnswer, HttpOutcome } from './listener.ts';
import type { HttpRequest } from './request.ts';
import type { LoggedRequest, RequestTarget } from './request-log.ts';

const REQUEST_ACTIONS = ['dropAfter', 'dropBefore', 'delay', 'answer', 'hang'] as const;
const EVENT_ACTIONS = ['duplicate', 'reorder', 'lose'] as const;

/**
 * A fault as the control interface takes it.
 *
 * `dropBefore` cuts the connection before the request is handled, `dropAfter` once it was handled, so its effect stays; `delay` waits
 * `ms` of real time and goes on; `answer` sends `status`, `headers` and `body` in place of the handler; `hang` never answers.
 * In `path`, `*` stands for any characters, slashes too. `duplicate`, `reorder` and `lose` apply to events of a vault (`host`) about
 * `/secrets/<name>` (`path`), the others to requests.
 */
export const faultSchema = z.strictObject({
  match: z
    .strictObject({ host: z.string().optional(), method: z.string().default('*'), path: z.string().default('*') })
    .default({ method: '*', path: '*' }),
  /** Matching requests let through first. */
  skip: z.int().min(0).default(0),
  /** Matching requests that the fault then applies to. */
  times: z.int().min(1).default(1),
  action: z.enum([...REQUEST_ACTIONS, ...EVENT_ACTIONS]),
  status: z.int().min(200).max(599).default(503),
  body: z.unknown().optional(),
  headers: z.record(z.string(), z.string()).default({}),
  ms: z.int().min(0).default(1000),
});

export type Fault = z.infer<typeof faultSchema>;
export type EventAction = (typeof EVENT_ACTIONS)[number];
type RequestFault = ActiveFault & { readonly action: (typeof REQUEST_ACTIONS)[number] };
type EventFault = ActiveFault & { readonly action: EventAction };
export type ActiveFault = Fault & { readonly id: string; applied: number };

/** The faults in force. Each request meets at most one: the oldest that matches and is not used up. */
export class FaultBook {
  #faults: ActiveFault[] = [];
  #lastId = 0;

  add(fault: Fault): ActiveFault {
    this.#lastId += 1;
    const active: ActiveFault = { ...fault, id: String(this.#lastId), applied: 0 };
    this.#faults.push(active);
    return active;
  }

  list(): readonly ActiveFault[] {
    return this.#faults;
  }

  /** @returns Whether there was one of this id; without an id all are removed. */
  remove(id?: string): boolean {
    const before = this.#faults.length;
    this.#faults = id === undefined ? [] : this.#faults.filter((fault) => fault.id !== id);
    return id === undefined || this.#faults.length < before;
  }

  /** Handles a request under the fault that applies to it, if any. */
  async around(
    target: RequestTarget,
    request: HttpRequest,
    entry: LoggedRequest,
    handle: () => Promise<HttpOutcome>,
  ): Promise<HttpOutcome> {
    const fault = this.#take(isRequestFault, (candidate) => matchesRequest(candidate, target, request));
    if (!fault) return handle();
    entry.fault = `${fault.id}: ${fault.action}`;
    switch (fault.action) {
      case 'dropBefore':
        return 'drop';
      case 'hang':
        return 'hang';
      case 'answer':
        return cannedAnswer(fault);
      case 'delay':
        await sleep(fault.ms, undefined, { signal: request.signal }).catch(() => undefined);
        return request.signal.aborted ? 'drop' : handle();
      case 'dropAfter':
        await handle();
        return 'drop';
    }
  }

  /** What happens to an event on its way. */
  forEvent(vault: string, path: string): EventAction | undefined {
    return this.#take(isEventFault, ({ match }) => isHost(match.host, [vault]) && fits(match.path, path))?.action;
  }

  #take<F extends ActiveFault>(isKind: (fault: ActiveFault) => fault is F, applies: (fault: F) => boolean): F | undefined {
    for (const fault of this.#faults) {
      if (fault.applied >= fault.times || !isKind(fault) || !applies(fault)) continue;
      if (fault.skip > 0) {
        fault.skip -= 1;
        continue;
      }
      fault.applied += 1;
      return fault;
    }
    return undefined;
  }
}

const isEventFault = (fault: ActiveFault): fault is EventFault => EVENT_ACTIONS.some((action) => action === fault.action);
const isRequestFault = (fault: ActiveFault): fault is RequestFault => !isEventFault(fault);

function matchesRequest({ match }: Fault, target: RequestTarget, request: HttpRequest): boolean {
  const { host, method, path } = match;
  if (!isHost(host, [target.name, request.host])) return false;
  if (method !== '*' && method.toUpperCase() !== request.method) return false;
  const rawPath = request.url.split('?')[0] ?? '';
  return [request.path ?? rawPath, rawPath].some((candidate) => fits(path, candidate));
}

const isHost = (host: string | undefined, names: readonly string[]) =>
  host === undefined || names.some((name) => name.toLowerCase() === host.toLowerCase());

const fits = (glob: string, path: string) => new RegExp(`^${glob.split('*').map(escapeRegExp).join('.*')}$`, 's').test(path);

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function cannedAnswer({ status, body, headers }: Fault): HttpAnswer {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    ...(text === undefined ? {} : { body: text }),
  };
}
