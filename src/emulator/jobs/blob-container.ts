import { AnonymousCredential, ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { JobFailure } from './errors.ts';
import type { StorageAccount } from './storage-account.ts';
import { locateContainer, type StorageTarget } from './storage-target.ts';

/** A failed request should fail the job soon: an emulated backup takes seconds. */
const RETRIES = { maxTries: 2, retryDelayInMs: 100, maxRetryDelayInMs: 500, tryTimeoutInMs: 10_000 };

/** The container that an HSM backs up to. Every method throws a `JobFailure` with the storage's own code when the storage refuses. */
export class BlobContainer {
  readonly #client: ContainerClient;
  readonly #signal: AbortSignal;

  private constructor(client: ContainerClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** @throws {JobFailure} for a URI without a container, or an account that the HSM's identity may not use */
  static open({ uri, token }: StorageTarget, accounts: readonly StorageAccount[], signal: AbortSignal): BlobContainer {
    const { url, account } = locateContainer(uri, accounts);
    if (token)
      return new BlobContainer(new ContainerClient(`${url}?${token}`, new AnonymousCredential(), { retryOptions: RETRIES }), signal);
    if (!account) throw notAuthorized();
    const credential = new StorageSharedKeyCredential(account.name, account.key);
    return new BlobContainer(new ContainerClient(url, credential, { retryOptions: RETRIES }), signal);
  }

  /** Asks for a blob that is not there: told so, the HSM knows that the container exists and that it may read. */
  async probe(): Promise<void> {
    await this.#download('mhsm-pre-backup-check').catch((error) => {
      if (error.code !== 'BlobNotFound') throw jobFailure(error);
    });
  }

  async write(name: string, content: Buffer): Promise<void> {
    const upload = this.#client.getBlockBlobClient(name).upload(content, content.length, { abortSignal: this.#signal });
    await upload.catch((error) => Promise.reject(jobFailure(error)));
  }

  read(name: string): Promise<Buffer> {
    return this.#download(name).catch((error) => Promise.reject(jobFailure(error)));
  }

  /** Names below a folder. */
  async list(folder: string): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const { name } of this.#client.listBlobsFlat({ prefix: `${folder}/`, abortSignal: this.#signal })) names.push(name);
    } catch (error) {
      throw jobFailure(error as StorageError);
    }
    return names;
  }

  /** By GET alone: an error answer to HEAD would have no body, and so no code. */
  async #download(name: string): Promise<Buffer> {
    const { readableStreamBody } = await this.#client.getBlobClient(name).download(0, undefined, { abortSignal: this.#signal });
    const chunks: Buffer[] = [];
    for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  }
}

type StorageError = Readonly<{ code?: string; message: string }>;

const jobFailure = ({ code, message }: StorageError) => new JobFailure(code ?? 'StorageUnreachable', message);

const notAuthorized = () =>
  new JobFailure(
    'AuthorizationPermissionMismatch',
    'This request is not authorized to perform this operation using this permission. (The emulated HSM may use only accounts given by --storage.)',
  );
