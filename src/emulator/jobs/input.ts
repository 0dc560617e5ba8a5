import { z } from 'zod';
import { BackupServiceError } from './errors.ts';
import { bareToken, hasExpiry, MALFORMED_SAS } from './sas.ts';
import type { StorageTarget } from './storage-target.ts';

const storage = z.object({
  storageResourceUri: z.string().min(1),
  token: z.string().nullish(),
  useManagedIdentity: z.boolean().nullish(),
});

const schemas = {
  storage,
  maybeStorage: storage.partial().optional(),
  fullRestore: z.object({ sasTokenParameters: storage, folderToRestore: z.string().min(1) }),
  preRestore: z.object({ sasTokenParameters: storage.partial().nullish(), folderToRestore: z.string().nullish() }).optional(),
  selectiveRestore: z.object({ sasTokenParameters: storage, folder: z.string().min(1) }),
} as const;

type Schemas = typeof schemas;

/** @throws {BackupServiceError} 400 naming the field that is missing or wrong */
export function parseStart<K extends keyof Schemas>(kind: K, body: unknown): z.infer<Schemas[K]> {
  const { success, data, error } = schemas[kind].safeParse(body);
  if (success) return data as z.infer<Schemas[K]>;
  const [issue] = error.issues;
  throw badRequest(`The request body is wrong at ${issue?.path.join('.') || 'its top'}: ${issue?.message}.`);
}

type StorageBody = Readonly<{
  storageResourceUri?: string | undefined;
  token?: string | null | undefined;
  useManagedIdentity?: boolean | null | undefined;
}>;

/**
 * Where the blobs are, and with whose right: the SAS token's, unless the HSM's own identity is asked for.
 *
 * @returns undefined when no storage is named
 * @throws {BackupServiceError} 400 when neither a token nor the identity is named
 */
export function toTarget({ storageResourceUri, token, useManagedIdentity }: StorageBody): StorageTarget | undefined {
  if (!storageResourceUri) return undefined;
  if (useManagedIdentity) return { uri: storageResourceUri };
  if (!token) throw badRequest('Neither a SAS token nor the managed identity was given for the storage.');
  return { uri: storageResourceUri, token: bareToken(token) };
}

/**
 * The same for what really backs up or restores, which refuses a malformed token at once; the pre-checks fail as jobs.
 *
 * @throws {BackupServiceError} 400
 */
export function toCheckedTarget(body: StorageBody): StorageTarget {
  const target = toTarget(body);
  if (!target) throw badRequest('storageResourceUri is missing.');
  if (target.token !== undefined && !hasExpiry(target.token)) throw badRequest(MALFORMED_SAS.message);
  return target;
}

const badRequest = (message: string) => new BackupServiceError(400, 'BadRequest', message);
