import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NoticeBody } from '../../src/domain/notices.ts';

export type Received = Readonly<{ body: NoticeBody; isSigned: boolean }>;

/** The receiving end of notices; each path is an endpoint of its own. */
export type NoticeReceiver = Readonly<{
  urlOf(endpoint: string): string;
  key: string;
  /** What an endpoint took, in order. */
  taken(endpoint: string): readonly Received[];
  /** Endpoints that answer 503 until they are taken out. */
  down: Set<string>;
  stop(): Promise<void>;
}>;

export async function startNoticeReceiver(): Promise<NoticeReceiver> {
  const key = 'the signing key of these notices';
  const taken = new Map<string, Received[]>();
  const down = new Set<string>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const endpoint = (request.url ?? '').slice(1);
    if (down.has(endpoint)) return void response.writeHead(503).end();
    const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => request.headers[name]);
    const expected = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64')}`;
    taken.set(endpoint, [...(taken.get(endpoint) ?? []), { body: JSON.parse(text) as NoticeBody, isSigned: signature === expected }]);
    response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (endpoint) => `http://127.0.0.1:${port}/${endpoint}`,
    key,
    taken: (endpoint) => taken.get(endpoint) ?? [],
    down,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
