import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { FaultBook } from '../http/faults.ts';
import { json } from '../http/json-endpoint.ts';
import type { HttpAnswer, HttpHandler } from '../http/listener.ts';
import type { HttpRequest } from '../http/request.ts';
import { logged, type RequestLog } from '../http/request-log.ts';
import type { TokenService } from '../identity/tokens.ts';
import { ServiceError } from '../service.ts';
import type { Applications } from './applications.ts';

export type GraphOptions = Readonly<{ applications: Applications; tokens: TokenService; faults: FaultBook; log: RequestLog }>;

const GRAPH = { kind: 'graph', name: 'graph' } as const;
const PATH = /^\/(?:v1\.0|beta)\/applications\/([0-9a-f-]{36})(?:\/(?:microsoft\.graph\.)?(addPassword|removePassword))?$/i;
/** How long a change of an application keeps others out, in real time. */
const WRITE_MS = 15;

const addBody = z.object({
  passwordCredential: z
    .object({ displayName: z.string().max(256).nullable().optional(), endDateTime: z.iso.datetime({ offset: true }).optional() })
    .nullable()
    .optional(),
});
const removeBody = z.object({ keyId: z.uuid() });

/**
 * The part of Microsoft Graph that rotates the secrets of application registrations. Every identity of the tenant may use it.
 *
 * @see https://learn.microsoft.com/graph/api/application-addpassword
 */
export function createGraphEndpoint(options: GraphOptions): HttpHandler {
  const { faults, log } = options;
  /** Applications that are being changed. */
  const busy = new Set<string>();
  return async (request) => {
    const entry = log.begin(GRAPH, request);
    const answer = async (): Promise<HttpAnswer> => {
      try {
        entry.caller = await callerOf(options, request);
        return await route(options, request, busy);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        return json(error.status, { error: { code: error.code, message: error.message } });
      }
    };
    return logged(entry, request.header('authorization') ? await faults.around(GRAPH, request, entry, answer) : await answer());
  };
}

async function callerOf({ tokens }: GraphOptions, request: HttpRequest): Promise<string> {
  const check = await tokens.check(request.header('authorization'), ['https://graph.microsoft.com', request.origin]);
  if (check.ok) return check.name;
  throw new ServiceError(
    401,
    'InvalidAuthenticationToken',
    check.problem === 'missing' ? 'Access token is empty.' : `Access token: ${check.problem}.`,
  );
}

async function route({ applications }: GraphOptions, request: HttpRequest, busy: Set<string>): Promise<HttpAnswer> {
  const [, id, action = ''] = PATH.exec(request.path ?? '') ?? [];
  if (!id) throw new ServiceError(404, 'Request_ResourceNotFound', `Resource not found for the segment '${request.path ?? request.url}'.`);
  switch (`${request.method} ${action.toLowerCase()}`) {
    case 'GET ': {
      const { clientId, ...application } = applications.application(id);
      const passwords = application.passwordCredentials.map((password) => ({ ...password, secretText: null, customKeyIdentifier: null }));
      return json(200, { ...application, appId: clientId, passwordCredentials: passwords });
    }
    case 'POST addpassword': {
      const { passwordCredential } = parse(addBody, (await request.readBody()).toString('utf8'));
      return alone(busy, id, () =>
        json(200, applications.addPassword(id, passwordCredential?.displayName ?? null, passwordCredential?.endDateTime)),
      );
    }
    case 'POST removepassword': {
      const { keyId } = parse(removeBody, (await request.readBody()).toString('utf8'));
      return alone(busy, id, () => {
        applications.removePassword(id, keyId);
        return { status: 204 };
      });
    }
    default:
      throw new ServiceError(405, 'Request_BadRequest', 'Specified HTTP method is not allowed for the request target.');
  }
}

/** @throws {ServiceError} 400 when another change of the application is under way */
async function alone(busy: Set<string>, id: string, change: () => HttpAnswer): Promise<HttpAnswer> {
  if (busy.has(id))
    throw new ServiceError(
      400,
      'Directory_ConcurrencyViolation',
      'The request could not be completed due to concurrent requests modifying the same resource. Please retry.',
    );
  busy.add(id);
  try {
    await sleep(WRITE_MS);
    return change();
  } finally {
    busy.delete(id);
  }
}

function parse<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new ServiceError(400, 'Request_BadRequest', 'Invalid JSON or a property with an invalid value.');
  }
}
