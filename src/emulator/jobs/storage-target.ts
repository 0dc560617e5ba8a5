import { isIP } from 'node:net';
import { JobFailure } from './errors.ts';
import type { StorageAccount } from './storage-account.ts';

/** How a request names the storage: the container's URL, and the SAS token unless the HSM's own identity is to be used. */
export type StorageTarget = Readonly<{ uri: string; token?: string }>;

/** Where a container really is. `account` is absent when the HSM's identity may not use it. */
export type ContainerLocation = Readonly<{ url: string; account?: StorageAccount }>;

/**
 * Finds the container that a storage URI names, with or without the SAS token's help.
 *
 * @param accounts Those that the HSM's identity may use. `https://<name>.blob.…` of one of them leads to its real endpoint.
 * @throws {JobFailure} for a URI without a container
 */
export function locateContainer(uri: string, accounts: readonly StorageAccount[]): ContainerLocation {
  const { endpoint, accountName, container } = splitContainerUri(uri, accounts);
  if (!container) throw new JobFailure('InvalidQueryParameterValue', `The storage URI ${uri} does not name a container.`);
  const account = accounts.find(({ blobEndpoint, name }) => blobEndpoint === endpoint || name === accountName);
  return account ? { url: `${account.blobEndpoint}/${container}`, account } : { url: `${endpoint}/${container}` };
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

/** Path-style below a known endpoint, an address or a plain host name, as Azurite's URLs are: the account is the first segment there. */
function splitContainerUri(uri: string, accounts: readonly StorageAccount[]): { endpoint: string; accountName: string; container: string } {
  if (!URL.canParse(uri)) throw new JobFailure('InvalidUri', `The storage URI ${uri} is not a URL.`);
  const known = accounts.find(({ blobEndpoint }) => uri.startsWith(`${blobEndpoint}/`));
  if (known) {
    const container = uri.slice(known.blobEndpoint.length).replace(/^\/+|\/+$/g, '');
    return { endpoint: known.blobEndpoint, accountName: known.name, container };
  }

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
