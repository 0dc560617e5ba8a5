import type { TokenCredential } from '@azure/core-auth';
import type { ContainerClient, StoragePipelineOptions, StorageSharedKeyCredential } from '@azure/storage-blob';
import { storageRefused } from '../domain/problems.ts';
import { removeMany } from './azure-blob-batch.ts';
import { copyBlob } from './azure-blob-copy.ts';
import type { BlobFacts, Document, LandingStore, WriteCondition, WriteResult } from './blob-store.ts';
import { RefusedError, TransientError } from './errors.ts';
import { isRefusal, sortSdkError } from './sdk-errors.ts';

const DEADLINE_MS = 60_000;
const PIPELINE: StoragePipelineOptions = {
  retryOptions: { maxTries: 3, tryTimeoutInMs: 20_000, retryDelayInMs: 500, maxRetryDelayInMs: 4_000 },
};

/** Where the app's own account is and how to reach it: by identity, or (on a laptop) by the account key of a connection string. */
export type StorageAccount = Readonly<{ blobEndpoint: string; key?: Readonly<{ account: string; secret: string }> }>;

/** Reads HSMKEEP_STORAGE: an account URL or a connection string. */
export function parseStorage(setting: string): StorageAccount {
  if (!setting.includes('AccountKey=')) return { blobEndpoint: setting.replace(/\/$/, '') };
  const parts = new Map(setting.split(';').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]));
  const account = parts.get('AccountName') ?? '';
  const blobEndpoint = parts.get('BlobEndpoint') ?? `https://${account}.blob.${parts.get('EndpointSuffix') ?? 'core.windows.net'}`;
  return { blobEndpoint: blobEndpoint.replace(/\/$/, ''), key: { account, secret: parts.get('AccountKey') ?? '' } };
}

/**
 * A container in Azure Storage.
 *
 * @param account The app's own account; its key, where there is one, also opens other containers of that account.
 * @param machineNow This machine's clock, ms since 1970; another than the process's where that one is emulated.
 */
export function azureBlobStore(
  containerUrl: string,
  credential: TokenCredential,
  account: StorageAccount,
  machineNow: () => number = () => Date.now(),
): LandingStore {
  let opened: Promise<ContainerClient> | undefined;
  const container = () => (opened ??= openContainer(containerUrl, credential, account));

  const attempt = async <T>(work: (client: ContainerClient) => Promise<T>): Promise<T> => {
    try {
      return await work(await container());
    } catch (error) {
      throw translateStorageError(containerUrl, error);
    }
  };

  return {
    url: containerUrl,

    read: (path) =>
      attempt(async (client): Promise<Document | undefined> => {
        const blob = client.getBlockBlobClient(path);
        const answer = await ignoring([404], () => blob.download(0, undefined, { abortSignal: deadline() }), 'ContainerNotFound');
        if (!answer) return undefined;
        return { text: await textOf(answer.readableStreamBody), etag: answer.etag ?? '' };
      }),

    write: (path, text, condition, label) =>
      attempt(async (client): Promise<WriteResult> => {
        const body = Buffer.from(text);
        const answer = await ignoring([409, 412], () =>
          client.getBlockBlobClient(path).upload(body, body.byteLength, {
            conditions: conditionsOf(condition),
            ...(label && { metadata: label }),
            blobHTTPHeaders: { blobContentType: path.endsWith('.jsonl') ? 'application/x-ndjson' : 'application/json' },
            abortSignal: deadline(),
          }),
        );
        return answer ? { status: 'written', etag: answer.etag ?? '' } : { status: 'changed' };
      }),

    remove: (path, ifMatch) =>
      attempt(async (client) => {
        try {
          await client
            .getBlobClient(path)
            .delete({ conditions: ifMatch ? { ifMatch } : {}, deleteSnapshots: 'include', abortSignal: deadline() });
          return 'removed';
        } catch (error) {
          const status = (error as { statusCode?: number }).statusCode;
          if (status === 404) return 'missing';
          if (status === 412) return 'changed';
          throw error;
        }
      }),

    removeMany: (paths) => attempt((client) => removeMany(client, paths, deadline)),

    clockSkewMs: () =>
      attempt(async (client) => {
        const { date } = await client.getProperties({ abortSignal: deadline() });
        return date ? date.getTime() - machineNow() : null;
      }),

    listFolders: (prefix) =>
      guarded(containerUrl, async function* () {
        const client = await container();
        for await (const page of client.listBlobsByHierarchy('/', { prefix, abortSignal: deadline() }).byPage()) {
          for (const { name } of page.segment.blobPrefixes ?? []) yield name.replace(/\/$/, '');
        }
      }),

    listBlobs: (prefix, { labels } = { labels: false }) =>
      guarded(containerUrl, async function* (): AsyncGenerator<BlobFacts> {
        const client = await container();
        for await (const page of client.listBlobsFlat({ prefix, includeMetadata: labels, abortSignal: deadline() }).byPage()) {
          for (const { name, properties, metadata } of page.segment.blobItems) {
            yield {
              name,
              sizeBytes: properties.contentLength ?? 0,
              etag: quoted(properties.etag),
              modifiedAt: properties.lastModified.toISOString(),
              ...(labels && { label: metadata ?? {} }),
            };
          }
        }
      }),

    open: (path, etag) =>
      attempt(async (client) => {
        const answer = await ignoring(
          [404, 412],
          () =>
            client.getBlobClient(path).download(0, undefined, {
              conditions: etag === undefined ? {} : { ifMatch: etag },
              abortSignal: longDeadline(),
              maxRetryRequests: 3,
            }),
          'ContainerNotFound',
        );
        const body = answer?.readableStreamBody as AsyncIterable<Uint8Array> | undefined;
        return body && guarded(containerUrl, () => body);
      }),

    copyFrom: (source, path, etag) =>
      attempt((client) =>
        copyBlob(client, {
          source,
          path,
          etag,
          credential: isOpenedByKey(source.url, account) ? undefined : credential,
          deadline: longDeadline,
        }),
      ),

    create: () =>
      attempt(async (client) => {
        await client.createIfNotExists({ abortSignal: deadline() });
      }),

    drop: () =>
      attempt(async (client) => {
        await client.deleteIfExists({ abortSignal: deadline() });
      }),
  };
}

export async function openContainer(url: string, credential: TokenCredential, account: StorageAccount): Promise<ContainerClient> {
  const storage = await import('@azure/storage-blob');
  const access: TokenCredential | StorageSharedKeyCredential = isOpenedByKey(url, account)
    ? new storage.StorageSharedKeyCredential(account.key.account, account.key.secret)
    : credential;
  return new storage.ContainerClient(url, access, PIPELINE);
}

const isOpenedByKey = (url: string, account: StorageAccount): account is Required<StorageAccount> =>
  account.key !== undefined && url.startsWith(`${account.blobEndpoint}/`);

const deadline = (): AbortSignal => AbortSignal.timeout(DEADLINE_MS);
/** For what may be large. */
const longDeadline = (): AbortSignal => AbortSignal.timeout(10 * DEADLINE_MS);

// Listings give the ETag without quotes, answers with them; conditions take the quoted form.
const quoted = (etag: string): string => (etag.startsWith('"') ? etag : `"${etag}"`);

const conditionsOf = (condition: WriteCondition | undefined) =>
  condition === undefined ? {} : 'ifMatch' in condition ? { ifMatch: condition.ifMatch } : { ifNoneMatch: '*' };

/** Undefined when the service answered one of these statuses (unless with the code that means something else). */
async function ignoring<T>(statuses: readonly number[], work: () => Promise<T>, exceptCode?: string): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const { statusCode, code } = error as { statusCode?: number; code?: string };
    if (statusCode !== undefined && statuses.includes(statusCode) && code !== exceptCode && code !== 'BlobImmutableDueToPolicy')
      return undefined;
    throw error;
  }
}

async function textOf(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function* guarded<T>(url: string, items: () => AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items();
  } catch (error) {
    throw translateStorageError(url, error);
  }
}

export function translateStorageError(url: string, error: unknown): Error {
  if (error instanceof RefusedError || error instanceof TransientError) return error;
  const failure = sortSdkError(error);
  if (isRefusal(failure) && failure.kind !== 'throttled') return new RefusedError(failure, storageRefused(url, failure));
  return new TransientError(`storage did not answer for ${url} (${failure.code}: ${failure.detail})`);
}
