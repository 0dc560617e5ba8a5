import { Readable } from 'node:stream';
import type { AbortSignalLike } from '@azure/abort-controller';
import type { TokenCredential } from '@azure/core-auth';
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import type { BlobStore } from './blob-store.ts';

/** The audience of Azure Storage, in every cloud. */
const SCOPE = 'https://storage.azure.com/.default';

const BUFFER_BYTES = 4 * 1024 * 1024;
const BUFFERS = 2;
/** Never over a blob that is there. */
const WHERE_NOTHING_IS = { ifNoneMatch: '*' };

/** What to copy, and with whose right to read it; without a credential the source is of the same account, opened by its key. */
export type BlobCopy = Readonly<{
  source: BlobStore;
  path: string;
  etag: string;
  credential: TokenCredential | undefined;
  deadline: () => AbortSignalLike;
}>;

/**
 * Copies a blob into a container, by the service itself if it can, and otherwise through this process.
 *
 * @returns `present`: a blob was there already. `changed`: the source is gone, or another version is there.
 * @see https://learn.microsoft.com/rest/api/storageservices/copy-blob-from-url
 */
export async function copyBlob(container: ContainerClient, copy: BlobCopy): Promise<'copied' | 'present' | 'changed'> {
  const target = container.getBlockBlobClient(copy.path);
  try {
    if (!(await copyByService(target, copy))) {
      const bytes = await copy.source.open(copy.path, copy.etag);
      if (!bytes) return 'changed';
      await target.uploadStream(Readable.from(bytes), BUFFER_BYTES, BUFFERS, {
        conditions: WHERE_NOTHING_IS,
        abortSignal: copy.deadline(),
      });
    }
    return 'copied';
  } catch (error) {
    if (isPresent(error)) return 'present';
    throw error;
  }
}

/** @returns false when the service would not: the source is out of its reach, too large, of another version or gone. */
async function copyByService(target: BlockBlobClient, { source, path, etag, credential, deadline }: BlobCopy): Promise<boolean> {
  const abortSignal = deadline();
  const token = await credential?.getToken(SCOPE, { abortSignal });
  try {
    await target.syncCopyFromURL(`${source.url}/${path.split('/').map(encodeURIComponent).join('/')}`, {
      sourceConditions: { ifMatch: etag },
      conditions: WHERE_NOTHING_IS,
      abortSignal,
      ...(token && { sourceAuthorization: { scheme: 'Bearer', value: token.token } }),
    });
    return true;
  } catch (error) {
    const { statusCode = 0 } = error as { statusCode?: number };
    const isItsAnswer = (statusCode >= 400 && statusCode < 500) || statusCode === 501;
    if (!isItsAnswer || isPresent(error)) throw error;
    return false;
  }
}

/** What lies there may also be immutable. */
const isPresent = (error: unknown): boolean => {
  const { statusCode, code = '' } = error as { statusCode?: number; code?: string };
  return statusCode === 409 && (code === 'BlobAlreadyExists' || code.startsWith('BlobImmutableDueTo'));
};
