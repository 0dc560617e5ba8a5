// The storage that a prune is measured on, in a thread of its own: one folder to list by pages, batches that delete nothing, and documents.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { folder, blobs } = workerData as { folder: string; blobs: number };
const PAGE = 5_000;
const MODIFIED = new Date('2026-01-01T00:00:00Z').toUTCString();

const requests: Record<string, number> = {};
const documents = new Map<string, Buffer>();
const pages = Array.from({ length: Math.ceil(blobs / PAGE) }, (_, page) => listPage(page));

const server = createServer(async (request, response) => {
  response.setHeader('x-ms-version', '2025-01-05');
  const url = new URL(request.url ?? '', 'http://stub');
  const kind = url.searchParams.get('comp') ?? request.method ?? '';
  requests[kind] = (requests[kind] ?? 0) + 1;
  const body = await bodyOf(request);
  if (kind === 'list')
    response.writeHead(200, { 'content-type': 'application/xml' }).end(pages[Number(url.searchParams.get('marker') ?? 0)]);
  else if (kind === 'batch') answerBatch(response, body);
  else answerDocument(response, request.method ?? '', url.pathname, body);
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage({ port: (server.address() as AddressInfo).port }));
parentPort?.on('message', () => parentPort?.postMessage({ requests }));

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function answerDocument(response: ServerResponse, method: string, path: string, body: Buffer): void {
  const facts = { etag: '"1"', 'last-modified': MODIFIED, 'x-ms-blob-type': 'BlockBlob' };
  if (method === 'PUT') {
    documents.set(path, body);
    response.writeHead(201, facts).end();
  } else if (method === 'DELETE') {
    documents.delete(path);
    response.writeHead(202).end();
  } else {
    const document = documents.get(path);
    if (document) response.writeHead(200, { ...facts, 'content-length': document.length }).end(document);
    else response.writeHead(404, { 'x-ms-error-code': 'BlobNotFound' }).end();
  }
}

/** @see https://learn.microsoft.com/rest/api/storageservices/blob-batch#response-body */
function answerBatch(response: ServerResponse, body: Buffer): void {
  const parts = body.toString('latin1').split('\nDELETE ').length - 1;
  const part = (id: number) =>
    `--b\r\nContent-Type: application/http\r\nContent-ID: ${id}\r\n\r\nHTTP/1.1 202 Accepted\r\nx-ms-request-id: 1\r\n\r\n`;
  response.writeHead(202, { 'content-type': 'multipart/mixed; boundary=b' });
  response.end(`${Array.from({ length: parts }, (_, id) => part(id)).join('')}--b--\r\n`);
}

/** @see https://learn.microsoft.com/rest/api/storageservices/list-blobs#response-body */
function listPage(page: number): string {
  const from = page * PAGE;
  const items = Array.from({ length: Math.min(PAGE, blobs - from) }, (_, index) =>
    [
      `<Blob><Name>${folder}/part-${String(from + index).padStart(6, '0')}</Name><Properties><Last-Modified>${MODIFIED}</Last-Modified>`,
      '<Etag>blob</Etag><Content-Length>1</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>',
    ].join(''),
  );
  const marker = from + PAGE < blobs ? `<NextMarker>${page + 1}</NextMarker>` : '<NextMarker />';
  return `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="backups"><Blobs>${items.join('')}</Blobs>${marker}</EnumerationResults>`;
}
