import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

/** A container whose backup folder holds as many blobs of as many bytes as asked for; none of them is kept anywhere. */
export type StorageStub = Readonly<{
  /** `http://127.0.0.1:PORT/ACCOUNT`, with the container `backups`. */
  blobEndpoint: string;
  /** Bytes of blobs sent so far. */
  sentBytes(): number;
  stop(): Promise<void>;
}>;

export type StubFolder = Readonly<{ folder: string; blobs: number; blobBytes: number }>;

const CHUNK = Buffer.alloc(256 * 1024, 'hsmkeep');
const MODIFIED = new Date('2026-01-01T00:00:00Z').toUTCString();

/** Lists, reads and takes blobs at once and without looking at who asks, so that the client is all that is measured. */
export async function startStorageStub(contents: StubFolder): Promise<StorageStub> {
  let sentBytes = 0;
  const listing = listBlobs(contents);
  const server = createServer((request, response) => {
    response.setHeader('x-ms-version', '2025-01-05');
    if (request.method === 'PUT') {
      request.resume().on('end', () => response.writeHead(201, { etag: '"written"', 'last-modified': MODIFIED }).end());
    } else if (request.url?.includes('comp=list')) {
      response.writeHead(200, { 'content-type': 'application/xml' }).end(listing);
    } else {
      sendBlob(response, contents.blobBytes);
      sentBytes += contents.blobBytes;
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    blobEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/bench`,
    sentBytes: () => sentBytes,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function sendBlob(response: ServerResponse, bytes: number): void {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': bytes,
    etag: '"blob"',
    'last-modified': MODIFIED,
    'x-ms-blob-type': 'BlockBlob',
  });
  Readable.from(chunks(bytes)).pipe(response);
}

function* chunks(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length) yield left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
}

/** @see https://learn.microsoft.com/rest/api/storageservices/list-blobs#response-body */
function listBlobs({ folder, blobs, blobBytes }: StubFolder): string {
  const items = Array.from({ length: blobs }, (_, index) =>
    [
      `<Blob><Name>${folder}/part-${String(index).padStart(5, '0')}</Name><Properties>`,
      `<Last-Modified>${MODIFIED}</Last-Modified><Etag>blob</Etag><Content-Length>${blobBytes}</Content-Length>`,
      '<Content-Type>application/octet-stream</Content-Type><BlobType>BlockBlob</BlobType>',
      '</Properties></Blob>',
    ].join(''),
  );
  const body = `<Blobs>${items.join('')}</Blobs><NextMarker />`;
  return `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="backups">${body}</EnumerationResults>`;
}
