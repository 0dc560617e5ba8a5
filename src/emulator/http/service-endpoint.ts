import { randomUUID } from 'node:crypto';
import type { TokenCheck, TokenService } from '../identity/tokens.ts';
import type { Caller, Route, Service } from '../service.ts';
import { ServiceError } from '../service.ts';
import { checkApiVersion } from './api-version.ts';
import { acceptedAudiences, challengeResource } from './challenge.ts';
import type { FaultBook } from './faults.ts';
import { hsmWire } from './hsm-wire.ts';
import type { HttpAnswer, HttpHandler } from './listener.ts';
import { BodyTooLarge, type HttpRequest } from './request.ts';
import { type LoggedRequest, logged, type RequestLog } from './request-log.ts';
import { createRouter, type Match } from './router.ts';
import { vaultWire } from './vault-wire.ts';
import type { Exchange, ServicePart } from './wire.ts';

/** A route with what the transport must know about it. */
export type EndpointRoute = Route & Readonly<{ part: ServicePart; needsApiVersion: boolean }>;

export type ServiceEndpointOptions = Readonly<{
  service: Service;
  routes: readonly EndpointRoute[];
  tokens: TokenService;
  /** `https://host:port/<tenant>`: where the challenge sends the client. */
  authority: () => string;
  faults: FaultBook;
  log: RequestLog;
  /** Throws what must stop a request that carries a good token, before it is looked at: a vault's limits, an HSM's restore. */
  admit: (method: string, path: string) => void;
}>;

/** Routes of the service's ordinary part. */
export const frontEnd = (routes: readonly Route[]): EndpointRoute[] =>
  routes.map((route) => ({ ...route, part: 'frontEnd', needsApiVersion: true }));

/**
 * Handles the requests of one HSM or vault: 401 before anything else, then faults, limits, version, route and handler.
 * A request without a token meets no fault, so a client's opening challenge does not use one up.
 */
export function createServiceEndpoint(options: ServiceEndpointOptions): HttpHandler {
  const { service, faults, log } = options;
  const target = { kind: service.kind, name: service.name } as const;
  const route = createRouter(options.routes);

  return async (request) => {
    const entry = log.begin(target, request);
    const answer = () => answerRequest(options, route, request, entry);
    return logged(entry, request.header('authorization') ? await faults.around(target, request, entry, answer) : await answer());
  };
}

async function answerRequest(
  { service, tokens, authority, admit }: ServiceEndpointOptions,
  route: (method: string, path: string) => Match<EndpointRoute>,
  request: HttpRequest,
  entry: LoggedRequest,
): Promise<HttpAnswer> {
  const wire = service.kind === 'hsm' ? hsmWire : vaultWire;
  const exchange: Exchange = { request, requestId: randomUUID(), startedAtMs: performance.now(), nowMs: service.clock.now() };

  const audiences = acceptedAudiences(service.kind, request.host);
  const check = await tokens.check(request.header('authorization'), audiences);
  if (!check.ok) return wire.unauthorized(exchange, refusal(check, authority(), challengeResource(service.kind, request.host)));
  const caller: Caller = { objectId: check.objectId, name: check.name };
  entry.caller = caller.name;

  try {
    const { path } = request;
    if (path === undefined) throw new ServiceError(400, 'BadParameter', 'The request URI cannot be decoded.');
    const body = parseBody(await request.readBody());
    admit(request.method, path);
    const match = route(request.method, path);
    if (!match.found) throw unknownRoute(match.pathKnown, request.method, path);

    const { handle, part, needsApiVersion } = match.route;
    const version = request.query.get('api-version');
    if (needsApiVersion || version !== undefined) checkApiVersion(service.kind, version);
    const { method, query, origin } = request;
    const { requestId } = exchange;
    return wire.answer(exchange, await handle({ method, path, query, origin, body, caller, requestId }, match.params, service), part);
  } catch (error) {
    return wire.error(exchange, toServiceError(error, request.signal));
  }
}

function refusal(check: Extract<TokenCheck, { ok: false }>, authority: string, resource: string) {
  return {
    problem: check.problem,
    // Comma and space between the two: the JavaScript client splits there.
    challenge: `Bearer authorization="${authority}", resource="${resource}"`,
    expected: check.problem === 'issuer' ? `${authority}/v2.0` : resource,
    ...(check.found === undefined ? {} : { found: check.found }),
  };
}

function parseBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new ServiceError(400, 'BadParameter', 'The request body is not valid JSON.');
  }
}

const unknownRoute = (pathKnown: boolean, method: string, path: string) =>
  pathKnown
    ? new ServiceError(405, 'MethodNotAllowed', `HTTP ${method} not allowed`)
    : new ServiceError(404, 'NotFound', `There is no resource at ${path}.`);

function toServiceError(error: unknown, { aborted: clientIsGone }: AbortSignal): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof BodyTooLarge) return new ServiceError(413, 'RequestEntityTooLarge', error.message);
  if (!clientIsGone) console.error('emulator: handler failed', error);
  return new ServiceError(500, 'InternalError', 'The emulator failed; its log says why.');
}
