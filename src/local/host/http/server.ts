import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { OperatorError } from '../../../domain/errors.ts';

export type RequestHandler = (request: Request) => Response | Promise<Response>;

/** A listener on the loopback interface. */
export type Listener = Readonly<{
  port: number;
  /** Until then every request is answered 503. */
  serve(handler: RequestHandler): void;
  /** Takes no new connection; what is being answered goes on. */
  refuse(): void;
  /** Ends every connection; resolves when the port is free. */
  close(): Promise<void>;
}>;

/**
 * Listens on 127.0.0.1. It listens before there is anything to serve, because the app must know the address while it is loaded.
 *
 * @param port 0 lets the system choose.
 * @param option The command line option that sets the port, for the error.
 * @throws {OperatorError} when the port is taken.
 */
export async function listen(port: number, option: string): Promise<Listener> {
  let handler: RequestHandler = () => new Response('The host is starting.', { status: 503, headers: { 'retry-after': '1' } });
  const server = createAdaptorServer({ fetch: (request) => handler(request), overrideGlobalObjects: false });

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, port, option)));
    server.listen(port, '127.0.0.1', resolve);
  });

  let closed: Promise<void> | undefined;
  const refuse = (): Promise<void> => {
    closed ??= new Promise((resolve) => server.close(() => resolve()));
    return closed;
  };
  return {
    port: (server.address() as AddressInfo).port,
    serve: (next) => {
      handler = next;
    },
    refuse: () => void refuse(),
    close: () => {
      const done = refuse();
      if ('closeAllConnections' in server) server.closeAllConnections();
      return done;
    },
  };
}

function explain(error: NodeJS.ErrnoException, port: number, option: string): Error {
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return error;
  const what = error.code === 'EADDRINUSE' ? 'is in use by another program' : 'may not be opened by this user';
  return new OperatorError(`Port ${port} ${what}.`, `Choose another with ${option}, or 0 for any free one.`, { cause: error });
}
