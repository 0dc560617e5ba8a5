import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Which way bytes go: from the client to the server, or back. */
export type Direction = 'request' | 'reply';

/** Bytes that are held. */
export type HeldBytes = Readonly<{
  /** Resolves once they have come as far as the proxy. */
  reached: Promise<void>;
  /** Sends them on, also when whoever sent them has gone meanwhile. */
  release(): void;
}>;

/** Stands between a client and a server and breaks, on demand, what a network breaks. Each fault is for one connection. */
export type FaultProxy = Readonly<{
  port: number;
  /** Lets the request that contains a text reach the server, waits for the answer, and cuts the connection in place of handing it on. */
  dropReplyTo(text: string): Promise<void>;
  /** Holds what contains a text, and all that follows it on that connection. */
  hold(direction: Direction, text: string): HeldBytes;
  /** Cuts the next connection after so many bytes of one direction. */
  cutAt(direction: Direction, bytes: number): void;
  /** Forgets the faults that nothing has met yet. */
  clear(): void;
  /** How many connections there have been. */
  connections(): number;
  stop(): Promise<void>;
}>;

/** What happens to a piece of a stream: bytes to send on, or nothing when they are kept back. */
type Filter = (chunk: Buffer, ends: Ends) => Buffer | undefined;
type Ends = Readonly<{ client: Socket; server: Socket; send(bytes: Buffer): void; keepServer(until: Promise<void>): void; cut(): void }>;
type Fault = { direction: Direction; filter: () => Filter; matches: (chunk: Buffer) => boolean };

/** @param target The loopback port of the server. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const faults: Fault[] = [];
  const sockets = new Set<Socket>();
  let count = 0;

  const server = createServer((client) => {
    count += 1;
    const upstream = connect(target, '127.0.0.1');
    let kept: Promise<void> | undefined;
    const cut = () => [client, upstream].map((socket) => socket.destroy());
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('close', () => void Promise.resolve(kept).then(() => upstream.end()));
    upstream.on('close', () => client.destroy());

    const pump = (direction: Direction, from: Socket, to: Socket) => {
      let active: Filter | undefined;
      const ends: Ends = {
        client,
        server: upstream,
        send: (bytes) => void to.write(bytes),
        keepServer: (until) => {
          kept = until;
        },
        cut,
      };
      from.on('data', (chunk) => {
        const at = active ? -1 : faults.findIndex((fault) => fault.direction === direction && fault.matches(chunk));
        if (at >= 0) active = faults.splice(at, 1)[0]?.filter();
        const onward = active ? active(chunk, ends) : chunk;
        if (onward && onward.length > 0) to.write(onward);
      });
    };
    pump('request', client, upstream);
    pump('reply', upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const contains = (text: string) => (chunk: Buffer) => chunk.includes(text);
  return {
    port: (server.address() as AddressInfo).port,
    dropReplyTo(text) {
      const { promise, resolve } = Promise.withResolvers<void>();
      faults.push({
        direction: 'request',
        matches: contains(text),
        filter: () => {
          let waits = false;
          return (chunk, { server: upstream, client, cut }) => {
            if (!waits) {
              waits = true;
              client.pause();
              upstream.removeAllListeners('data');
              upstream.once('data', () => {
                cut();
                resolve();
              });
            }
            return chunk;
          };
        },
      });
      return promise;
    },
    hold(direction, text) {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      faults.push({
        direction,
        matches: contains(text),
        filter: () => {
          let open = false;
          void released.promise.then(() => {
            open = true;
          });
          return (chunk, { send, keepServer }) => {
            if (open) return chunk;
            keepServer(released.promise);
            void released.promise.then(() => send(chunk));
            reached.resolve();
            return undefined;
          };
        },
      });
      return { reached: reached.promise, release: released.resolve };
    },
    cutAt(direction, bytes) {
      faults.push({
        direction,
        matches: () => true,
        filter: () => {
          let left = bytes;
          return (chunk, { send, cut }) => {
            if (chunk.length < left) {
              left -= chunk.length;
              return chunk;
            }
            send(chunk.subarray(0, left));
            // What was sent shall arrive.
            setImmediate(cut);
            return undefined;
          };
        },
      });
    },
    clear: () => void faults.splice(0),
    connections: () => count,
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
