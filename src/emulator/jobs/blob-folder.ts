import { isIP } from 'node:net';
import { AnonymousCredential, type BlobItem, ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { JobFailure } from './errors.ts';
import type { StorageAccount } from './storage-account.ts';

/** How a request names the storage: the container's URL, and the SAS token unless the HSM's own identity is to be used. */
export type StorageTarget = Readonly<{ uri: string; token?: string }>;

/** A failed request should fail the job soon: an emulated backup takes seconds. */
const RETRIES = { maxTries: 2, retryDelayInMs: 100, maxRetryDelayInMs: 500, tryTimeoutInMs: 10_000 };

/**
 * Opens the container of a backup or restore.
 *
 * @param accounts Those that the HSM's identity may use. `https://<name>.blob.…` of one of them leads to its real endpoint.
 * @throws {JobFailure} for a URI without a container, or an account that the identity may not use
 */
export function openContainer({ uri, token }: StorageTarget, accounts: readonly StorageAccount[]): ContainerClient {
  const { endpoint, accountName, container } = splitContainerUri(uri);
  if (!container) throw new JobFailure('InvalidQueryParameterValue', `The storage URI ${uri} does not name a container.`);
  const account = accounts.find(({ blobEndpoint, name }) => blobEndpoint === endpoint || name === accountName);
  const url = `${account?.blobEndpoint ?? endpoint}/${container}`;

  if (token) return new ContainerClient(`${url}?${token}`, new AnonymousCredential(), { retryOptions: RETRIES });
  if (!account) {
    throw new JobFailure(
      'AuthorizationPermissionMismatch',
      'This request is not authorized to perform this operation using this permission. (The emulated HSM may use only accounts given by --storage.)',
    );
  }
  return new ContainerClient(url, new StorageSharedKeyCredential(account.name, account.key), { retryOptions: RETRIES });
}

/** Path-style for addresses and `localhost`, as Azurite's URLs are: the account is the first segment of the path there. */
function splitContainerUri(uri: string): { endpoint: string; accountName: string; container: string } {
  if (!URL.canParse(uri)) throw new JobFailure('InvalidUri', `The storage URI ${uri} is not a URL.`);
  const { origin, hostname, pathname } = new URL(uri);
  const segments = pathname.split('/').filter(Boolean);
  const isPathStyle = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || !hostname.includes('.');
  const account = isPathStyle ? (segments.shift() ?? '') : '';
  return {
    endpoint: isPathStyle ? `${origin}/${account}` : origin,
    accountName: isPathStyle ? account : (hostname.split('.')[0] ?? ''),
    container: segments.join('/'),
  };
}

/**
 * Container and folder of a restore. Python splits a folder's URL after the first segment of the path, so the two are joined before they are
 * split anew; a whole URL as the folder was seen as well.
 */
export function splitFolder(storageUri: string, folder: string): { uri: string; folder: string } {
  const isUrl = /^https?:\/\//.test(folder);
  const joined = (isUrl ? folder : `${storageUri.replace(/\/+$/, '')}/${folder}`).replace(/\?.*$/, '').replace(/\/+$/, '');
  const at = joined.lastIndexOf('/');
  return { uri: joined.slice(0, at), folder: joined.slice(at + 1) };
}

/** Asks for a blob that is not there: told so, the HSM knows that the container exists and that it may read. */
export async function probeContainer(container: ContainerClient): Promise<void> {
  await orJobFailure(download(container, 'mhsm-pre-backup-check'), (error) => error.code === 'BlobNotFound');
}

export async function writeBlob(container: ContainerClient, name: string, content: Buffer): Promise<void> {
  await orJobFailure(container.getBlockBlobClient(name).upload(content, content.length));
}

export async function readBlob(container: ContainerClient, name: string): Promise<Buffer> {
  return (await orJobFailure(download(container, name))) ?? Buffer.alloc(0);
}

/** By GET alone: an error answer to HEAD would have no body, and so no code. */
async function download(container: ContainerClient, name: string): Promise<Buffer> {
  const { readableStreamBody } = await container.getBlobClient(name).download();
  const chunks: Buffer[] = [];
  for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export async function listFolder(container: ContainerClient, folder: string): Promise<BlobItem[]> {
  const blobs: BlobItem[] = [];
  const list = async () => {
    for await (const blob of container.listBlobsFlat({ prefix: `${folder}/` })) blobs.push(blob);
  };
  await orJobFailure(list());
  return blobs;
}

type StorageError = Readonly<{ code?: string; message: string }>;

/** Turns what the storage refused into the failure of a job, with the storage's own code. */
async function orJobFailure<T>(work: Promise<T>, isFine: (error: StorageError) => boolean = () => false): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const known = error as StorageError;
    if (isFine(known)) return undefined;
    throw new JobFailure(known.code ?? 'StorageUnreachable', known.message);
  }
}
