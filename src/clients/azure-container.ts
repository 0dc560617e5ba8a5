import type { TokenCredential } from '@azure/core-auth';
import { openContainer, type StorageAccount, translateStorageError } from './azure-blob-store.ts';

const DEADLINE_MS = 20_000;

/** A container as a whole: whether it is there, and making it. Throws as {@link BlobStore} does. */
export type Container = Readonly<{
  url: string;
  exists(): Promise<boolean>;
  /** Idempotent. Without public access. */
  create(): Promise<void>;
}>;

/** @param account One whose key, where there is one, opens its containers. */
export function azureContainer(url: string, credential: TokenCredential, account: StorageAccount): Container {
  const soon = () => ({ abortSignal: AbortSignal.timeout(DEADLINE_MS) });
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw translateStorageError(url, error);
    }
  };
  const opened = () => openContainer(url, credential, account);
  return {
    url,
    exists: () => attempt(async () => (await opened()).exists(soon())),
    create: () => attempt(async () => void (await (await opened()).createIfNotExists(soon()))),
  };
}
