import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A storage account seen through this process: what Azurite has, and the refusals that it lacks. */
export type StorageProxy = Readonly<{
  /** As the account's own, by way of the proxy. */
  connectionString: string;
  /**
   * From now on no blob whose path begins so (`container/prefix`) is overwritten or deleted, as under an immutability policy or legal hold;
   * `unlock` ends that.
   */
  lock(prefix: string, code?: 'BlobImmutableDueToPolicy' | 'BlobImmutableDueToLegalHold'): void;
  unlock(prefix: string): void;
  /** Listings of this container under this prefix end after their first page: the account refuses the next. */
  cutListing(container: string, prefix: string): void;
  /** Before the next request `METHOD /container/path` is answered, this happens; once. */
  before(request: string, happens: () => Promise<void>): void;
  /** Whether the service copies between containers itself; refused when false, as across a firewall. */
  copiesItself(may: boolean): void;
  /** `METHOD /container/blob` of every request so far; those within a batch one by one. */
  seen: string[];
  stop(): Promise<void>;
}>;

type Answer = Readonly<{ status: number; code: string }>;

/** Stands before a storage account at `connectionString`; each answer but its refusals is that of the account. */
export async function startStorageProxy(connectionString: string): Promise<StorageProxy> {
  const origin = new URL(/BlobEndpoint=([^;]+)/.exec(connectionString)?.[1] ?? '');
  const account = origin.pathname;
  const locked = new Map<string, string>();
  const seen: string[] = [];
  const written = new Set<string>();
  const cut = new Set<string>();
  let mayCopy = true;
  let event: Readonly<{ request: string; happens: () => Promise<void> }> | undefined;

  /** Notes a request; what waits for it happens first. */
  const see = async (request: string): Promise<void> => {
    seen.push(request);
    if (event?.request !== request) return;
    const { happens } = event;
    event = undefined;
    await happens();
  };

  /** Why a request is refused. @param path `/container/blob` */
  const refusalOf = (method: string, path: string, isCopy: boolean): Answer | undefined => {
    const code = [...locked].find(([prefix]) => path.startsWith(`/${prefix}`))?.[1];
    if (code && (method === 'DELETE' || (method === 'PUT' && written.has(path)))) return { status: 409, code };
    if (isCopy && !mayCopy) return { status: 403, code: 'CannotVerifyCopySource' };
    return undefined;
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', origin);
    const path = decodeURIComponent(url.pathname.slice(account.length));
    if (url.searchParams.get('comp') === 'batch') return void (await answerBatch(request, response));

    const method = request.method ?? '';
    await see(`${method} ${path}`);
    // A block is no blob yet; its list makes one.
    const isWrite = method === 'PUT' && url.searchParams.get('comp') !== 'block';
    const refusal = isWrite || method === 'DELETE' ? refusalOf(method, path, 'x-ms-copy-source' in request.headers) : undefined;
    if (refusal) {
      request.resume();
      return void response.writeHead(refusal.status, { 'x-ms-error-code': refusal.code }).end();
    }
    if (url.searchParams.get('comp') === 'list' && cut.has(`${path}?${url.searchParams.get('prefix')}`)) {
      if (url.searchParams.get('marker')) return void response.writeHead(403, { 'x-ms-error-code': 'AuthorizationFailure' }).end();
      return void (await answerCut(request, response));
    }
    const forwarded = send(new URL(request.url ?? '', origin), { method, headers: request.headers }, (answer) => {
      if (isWrite && (answer.statusCode ?? 500) < 300) written.add(path);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  });

  /** The first page of a listing, which says that there is another one. */
  async function answerCut(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [answer] = (await once(send(new URL(request.url ?? '', origin), { headers: request.headers }).end(), 'response')) as [
      IncomingMessage,
    ];
    let xml = '';
    for await (const chunk of answer) xml += chunk;
    response
      .writeHead(200, { 'content-type': 'application/xml' })
      .end(xml.replace(/<NextMarker\s*\/>|<NextMarker><\/NextMarker>/, '<NextMarker>next</NextMarker>'));
  }

  /** Carries out each part of a batch by itself: all of them are signed. */
  async function answerBatch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const parts = text.split(/^--batch_\S+\r\n/m).filter((part) => part.includes('DELETE '));
    const answers = await Promise.all(parts.map(carryOut));
    const body = answers.map((answer, index) => [
      '--answer',
      'Content-Type: application/http',
      `Content-ID: ${index}`,
      '',
      `HTTP/1.1 ${answer.status} Said`,
      ...(answer.code ? [`x-ms-error-code: ${answer.code}`] : []),
      'x-ms-request-id: 1',
      '',
      '',
    ]);
    response.writeHead(202, { 'content-type': 'multipart/mixed; boundary=answer' });
    response.end(`${body.map((lines) => lines.join('\r\n')).join('')}--answer--\r\n`);
  }

  async function carryOut(part: string): Promise<Answer> {
    const [, target = ''] = /^DELETE (\S+) HTTP/m.exec(part) ?? [];
    const path = decodeURIComponent(target.startsWith(account) ? target.slice(account.length) : target);
    await see(`DELETE ${path}`);
    const refusal = refusalOf('DELETE', path, false);
    if (refusal) return refusal;
    const headers = Object.fromEntries(
      [...part.matchAll(/^(x-ms-[\w-]+|authorization): (.*)\r$/gim)].map(([, name = '', value = '']) => [name, value]),
    );
    const [answer] = (await once(send(new URL(target, origin), { method: 'DELETE', headers }).end(), 'response')) as [IncomingMessage];
    answer.resume();
    return { status: answer.statusCode ?? 500, code: String(answer.headers['x-ms-error-code'] ?? '') };
  }

  await once(server.listen(0, '127.0.0.1'), 'listening');
  const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    connectionString: connectionString.replace(origin.origin, here),
    lock: (prefix, code = 'BlobImmutableDueToPolicy') => void locked.set(prefix, code),
    unlock: (prefix) => void locked.delete(prefix),
    cutListing: (container, prefix) => void cut.add(`/${container}?${prefix}`),
    before: (request, happens) => {
      event = { request, happens };
    },
    copiesItself: (may) => {
      mayCopy = may;
    },
    seen,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
