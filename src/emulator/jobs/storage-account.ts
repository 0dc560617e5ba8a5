import { EmulatorError } from '../errors.ts';

/** A storage account that the HSMs' own identity may use. `blobEndpoint` has no trailing slash. */
export type StorageAccount = Readonly<{ name: string; key: string; blobEndpoint: string }>;

/** @throws {EmulatorError} when it is no connection string with a name and a key */
export function parseStorageAccount(connectionString: string): StorageAccount {
  const parts = new Map<string, string>();
  for (const part of connectionString.split(';').filter(Boolean)) {
    const at = part.indexOf('=');
    parts.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  const name = parts.get('AccountName');
  const key = parts.get('AccountKey');
  if (!name || !key) {
    throw new EmulatorError(
      'A --storage option is no connection string with AccountName and AccountKey.',
      'Copy it from the storage account, or from Azurite.',
    );
  }
  const protocol = parts.get('DefaultEndpointsProtocol') ?? 'https';
  const derived = `${protocol}://${name}.blob.${parts.get('EndpointSuffix') ?? 'core.windows.net'}`;
  return { name, key, blobEndpoint: (parts.get('BlobEndpoint') ?? derived).replace(/\/+$/, '') };
}
