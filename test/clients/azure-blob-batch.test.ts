import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AnonymousCredential, ContainerClient } from '@azure/storage-blob';
import { afterEach, describe, expect, test } from 'vitest';
import { removeMany } from '../../src/clients/azure-blob-batch.ts';
import { RefusedError, TransientError } from '../../src/clients/errors.ts';

type Answer = Readonly<{ status: number; code?: string }>;
const REMOVED: Answer = { status: 202 };

let server: Server | undefined;
afterEach(() => server?.close());

/** A storage service that only takes batches; `answer` says what becomes of each blob. Resolves to how many were in each request. */
async function storage(answer: (blob: string) => Answer): Promise<Readonly<{ container: ContainerClient; batches: number[] }>> {
  const batches: number[] = [];
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const blobs = [...text.matchAll(/^DELETE (\S+) HTTP/gm)].map(([, path = '']) => decodeURIComponent(path));
    batches.push(blobs.length);
    const parts = blobs.map((blob, index) => part(index, answer(blob)));
    response.writeHead(202, { 'content-type': 'multipart/mixed; boundary=b' }).end(`${parts.join('')}--b--\r\n`);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const retryOptions = { maxTries: 1 };
  return {
    container: new ContainerClient(`http://127.0.0.1:${port}/account/backups`, new AnonymousCredential(), { retryOptions }),
    batches,
  };
}

const part = (id: number, { status, code }: Answer): string =>
  [
    '--b',
    'Content-Type: application/http',
    `Content-ID: ${id}`,
    '',
    `HTTP/1.1 ${status} Said`,
    ...(code ? [`x-ms-error-code: ${code}`] : []),
    'x-ms-request-id: 1',
    '',
    '',
  ].join('\r\n');

async function* blobs(count: number): AsyncGenerator<string> {
  for (let index = 0; index < count; index += 1) yield `folder/blob ${index}`;
}

const deadline = () => AbortSignal.timeout(10_000);

describe('removeMany', () => {
  test('sends 256 blobs with each request, and one request more for the rest', async () => {
    const { container, batches } = await storage(() => REMOVED);
    expect(await removeMany(container, blobs(1_025), deadline)).toEqual({ removed: 1_025, retained: 0 });
    expect(batches.sort((a, b) => b - a)).toEqual([256, 256, 256, 256, 1]);
  });

  test('sends nothing for nothing', async () => {
    const { container, batches } = await storage(() => REMOVED);
    expect(await removeMany(container, blobs(0), deadline)).toEqual({ removed: 0, retained: 0 });
    expect(batches).toEqual([]);
  });

  test.each(['BlobImmutableDueToPolicy', 'BlobImmutableDueToLegalHold'])('tells of %s as retained, not as a failure', async (code) => {
    const { container } = await storage((blob) => (blob.endsWith(' 1') ? { status: 409, code } : REMOVED));
    expect(await removeMany(container, blobs(3), deadline)).toEqual({ removed: 2, retained: 1 });
  });

  test('counts a blob that was gone already as removed', async () => {
    const { container } = await storage(() => ({ status: 404, code: 'BlobNotFound' }));
    expect(await removeMany(container, blobs(2), deadline)).toEqual({ removed: 2, retained: 0 });
  });

  test.each([
    ['a right is missing', { status: 403, code: 'AuthorizationPermissionMismatch' }, RefusedError],
    ['a blob is leased', { status: 412, code: 'LeaseIdMissing' }, RefusedError],
    ['the service is busy', { status: 503, code: 'ServerBusy' }, TransientError],
    ['it was too much', { status: 429, code: 'TooManyRequests' }, TransientError],
  ])('fails when %s', async (_what, answer, kind) => {
    const { container } = await storage((blob) => (blob.endsWith(' 1') ? answer : REMOVED));
    await expect(removeMany(container, blobs(3), deadline)).rejects.toBeInstanceOf(kind);
  });
});
