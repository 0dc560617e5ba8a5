import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { PipelinePolicy } from '@azure/core-rest-pipeline';

/** A request as it arrived, in the order of arrival. */
export type SeenRequest = Readonly<{
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** The parsed JSON; undefined when nothing was sent. */
  body: unknown;
  /** The bearer token; undefined for the request that only asks for the challenge. */
  token: string | undefined;
}>;

/** What the script says to a request with a token: an answer, a broken connection, or silence. */
export type ScriptedAnswer = Readonly<{ status?: number; body?: unknown; headers?: Readonly<Record<string, string>> }> | 'drop' | 'hang';
export type Script = (request: SeenRequest, url: string) => ScriptedAnswer | Promise<ScriptedAnswer>;

/** A plain HTTP server that challenges like a Managed HSM and otherwise says what the test wants. */
export type ScriptedHsm = Readonly<{
  url: string;
  /** All requests, those before the challenge included. */
  requests: readonly SeenRequest[];
  /** The requests that had a token. */
  authorized(): readonly SeenRequest[];
  stop(): Promise<void>;
}>;

/** Client options for plain HTTP on an address, and for retries that a test does not wait for. */
export const LOCAL_OPTIONS = {
  allowInsecureConnection: true,
  disableChallengeResourceVerification: true,
  retryOptions: { retryDelayInMs: 1, maxRetryDelayInMs: 2 },
} as const;

/** The name that {@link publicOptions} gives to a scripted HSM. */
export const PUBLIC_URL = 'https://examplehsm.managedhsm.azure.net';

/** Client options under which {@link PUBLIC_URL} is the scripted HSM, with every check on as in production. */
export function publicOptions(hsm: ScriptedHsm) {
  const toLoopback: PipelinePolicy = {
    name: 'toLoopback',
    async sendRequest(request, next) {
      const { url } = request;
      request.url = url.replace(PUBLIC_URL, hsm.url);
      request.allowInsecureConnection = true;
      return next(request).finally(() => {
        request.url = url;
      });
    },
  };
  return { retryOptions: LOCAL_OPTIONS.retryOptions, additionalPolicies: [{ policy: toLoopback, position: 'perRetry' as const }] };
}

/** Gives `token-1`, `token-2`, … and remembers what it was asked for. */
export function countingCredential() {
  const asked: { scopes: string | string[]; claims?: string | undefined; tenantId?: string | undefined }[] = [];
  return {
    asked,
    async getToken(scopes: string | string[], options?: { claims?: string; tenantId?: string }) {
      asked.push({ scopes, claims: options?.claims, tenantId: options?.tenantId });
      return { token: `token-${asked.length}`, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
}

/** Starts the server on a loopback port of the system's choice. */
export async function startScriptedHsm(script: Script, resource = 'https://managedhsm.azure.net'): Promise<ScriptedHsm> {
  const requests: SeenRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const request = await readRequest(incoming);
    requests.push(request);
    const answer = request.token ? await script(request, url) : challenge(resource);
    send(response, answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    requests,
    authorized: () => requests.filter(({ token }) => token),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<SeenRequest> {
  const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://hsm');
  const body = await text(incoming);
  return {
    method: incoming.method ?? '',
    path: pathname,
    query: searchParams,
    headers: incoming.headers,
    body: body ? JSON.parse(body) : undefined,
    token: incoming.headers.authorization?.replace('Bearer ', ''),
  };
}

function challenge(resource: string): ScriptedAnswer {
  const header = `Bearer authorization="https://login.microsoftonline.com/3a5b5a2c-1111-4222-8333-444455556666", resource="${resource}"`;
  return { status: 401, headers: { 'www-authenticate': header } };
}

function send(response: ServerResponse, answer: ScriptedAnswer): void {
  if (answer === 'hang') return;
  if (answer === 'drop') {
    response.destroy();
    return;
  }
  const { status = 200, body, headers } = answer;
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
