import type { IncomingMessage } from 'node:http';

/** A request as any listener sees it, before its body is read. */
export type HttpRequest = Readonly<{
  method: string;
  /** As sent: path and query. */
  url: string;
  /** Percent-decoded, doubled and trailing slashes folded; undefined when it cannot be decoded. */
  path: string | undefined;
  /** Names percent-decoded and in lower case, values percent-decoded. */
  query: ReadonlyMap<string, string>;
  /** Host header, port included. */
  host: string;
  /** `https://host:port` after the Host header. */
  origin: string;
  header(name: string): string | undefined;
  /** @throws {BodyTooLarge} above 4 MiB */
  readBody(): Promise<Buffer>;
  /** Aborted when the client goes away or the listener is closed. */
  signal: AbortSignal;
}>;

export class BodyTooLarge extends Error {}

const LONGEST_BODY = 4 * 1024 * 1024;

export function toHttpRequest(message: IncomingMessage, scheme: 'http' | 'https', signal: AbortSignal): HttpRequest {
  const url = message.url ?? '/';
  const [rawPath = '/', rawQuery = ''] = splitOnce(url, '?');
  const header = (name: string) => {
    const value = message.headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  const host = header('host') ?? `127.0.0.1:${message.socket.localPort}`;
  return {
    method: message.method ?? 'GET',
    url,
    path: foldPath(rawPath),
    query: parseQuery(rawQuery),
    host,
    origin: `${scheme}://${host}`,
    header,
    readBody: () => readBody(message),
    signal,
  };
}

/** `///providers//x/` is `/providers/x`. */
function foldPath(rawPath: string): string | undefined {
  const decoded = decode(rawPath);
  return decoded === undefined ? undefined : `/${decoded.split('/').filter(Boolean).join('/')}`;
}

/** JavaScript clients send `api%2Dversion`, so names are decoded too. */
function parseQuery(rawQuery: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const pair of rawQuery.split('&').filter(Boolean)) {
    const [name = '', value = ''] = splitOnce(pair, '=').map((part) => decode(part) ?? part);
    query.set(name.toLowerCase(), value);
  }
  return query;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_BODY) throw new BodyTooLarge(`The body is longer than ${LONGEST_BODY} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
