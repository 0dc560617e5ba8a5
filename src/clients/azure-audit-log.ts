import { randomBytes } from 'node:crypto';
import type { TokenCredential } from '@azure/core-auth';
import type { ContainerClient } from '@azure/storage-blob';
import type { AuditLog } from './audit-log.ts';
import { openContainer, type StorageAccount, translateStorageError } from './azure-blob-store.ts';
import { linesOf } from './lines.ts';

const DEADLINE_MS = 30_000;
/** For a day's lines. */
const READ_DEADLINE_MS = 120_000;
/** A blob takes 50,000 blocks. @see https://learn.microsoft.com/rest/api/storageservices/append-block */
const FULL = 'BlockCountExceedsLimit';

/** This process, among those that write on the same day. */
const WRITER = randomBytes(6).toString('hex');

/** Append blobs, one for each writer and day: `<yyyy>/<mm>/<dd>/<writer>.jsonl`, with a number where one was not enough. */
export function azureAuditLog(containerUrl: string, credential: TokenCredential, account: StorageAccount): AuditLog {
  let opened: Promise<ContainerClient> | undefined;
  let part = 0;
  let made = '';

  const add = async (text: string, day: string): Promise<void> => {
    opened ??= openContainer(containerUrl, credential, account);
    const path = `${day.replaceAll('-', '/')}/${WRITER}${part === 0 ? '' : `-${part}`}.jsonl`;
    const blob = (await opened).getAppendBlobClient(path);
    const options = { abortSignal: AbortSignal.timeout(DEADLINE_MS) };
    if (made !== path) await blob.createIfNotExists({ ...options, blobHTTPHeaders: { blobContentType: 'application/x-ndjson' } });
    made = path;
    await blob.appendBlock(text, Buffer.byteLength(text), options);
  };

  return {
    async *read(day) {
      opened ??= openContainer(containerUrl, credential, account);
      try {
        const container = await opened;
        const abortSignal = AbortSignal.timeout(READ_DEADLINE_MS);
        for await (const { name } of container.listBlobsFlat({ prefix: `${day.replaceAll('-', '/')}/`, abortSignal })) {
          const { readableStreamBody } = await container.getBlobClient(name).download(0, undefined, { abortSignal, maxRetryRequests: 3 });
          if (readableStreamBody) yield* linesOf(readableStreamBody);
        }
      } catch (error) {
        throw translateStorageError(containerUrl, error);
      }
    },

    async append(lines, at) {
      const [text, day] = [lines.map((line) => `${line}\n`).join(''), at.slice(0, 'yyyy-MM-dd'.length)];
      try {
        await add(text, day).catch((error) => {
          if ((error as { code?: string }).code !== FULL) throw error;
          part += 1;
          return add(text, day);
        });
      } catch (error) {
        throw translateStorageError(containerUrl, error);
      }
    },
  };
}
