import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type HttpRequest, toHttpRequest } from './request.ts';

/** What is sent back: an answer, a connection cut without one (`drop`), or silence until the client gives up (`hang`). */
export type HttpAnswer = Readonly<{ status: number; headers?: Readonly<Record<string, string>>; body?: string }>;
export type HttpOutcome = HttpAnswer | 'drop' | 'hang';
export type HttpHandler = (request: HttpRequest) => Promise<HttpOutcome>;

export type Listener = Readonly<{ port: number; close(): Promise<void> }>;

export type ListenOptions = Readonly<{
  /** 0 = any free port. */
  port: number;
  /** PEM; plain http without. */
  tls?: Readonly<{ cert: string; key: string }>;
  handle: HttpHandler;
}>;

const KEEP_ALIVE_MS = 120_000;

/**
 * Listens on 127.0.0.1. Answers carry exactly the headers they are given (and a length): the services differ in what they send.
 *
 * @throws Error with code `EADDRINUSE` when the port is taken
 */
export async function listen({ port, tls, handle }: ListenOptions): Promise<Listener> {
  const closing = new AbortController();
  const scheme = tls ? 'https' : 'http';
  const onRequest = (message: IncomingMessage, response: ServerResponse) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const request = toHttpRequest(message, scheme, AbortSignal.any([gone.signal, closing.signal]));
    handle(request).then(
      (outcome) => send(response, outcome),
      (error) => {
        // A client that went away while it was read is nobody's fault.
        if (!gone.signal.aborted) console.error('emulator: request failed', error);
        response.destroy();
      },
    );
  };
  const server: Server = tls ? createHttpsServer(tls, onRequest) : createHttpServer(onRequest);
  // A connection closed for idleness just as a request is sent would look like a fault nobody asked for.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, outcome: HttpOutcome): void {
  if (outcome === 'hang') return;
  if (outcome === 'drop') {
    response.destroy();
    return;
  }
  const { status, headers = {}, body } = outcome;
  response.sendDate = false;
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const length = status === 204 ? {} : { 'Content-Length': String(bytes?.length ?? 0) };
  response.writeHead(status, { ...headers, ...length });
  response.end(bytes);
}
