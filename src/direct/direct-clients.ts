import type { BlobStore } from '../clients/blob-store.ts';
import { type Clients, createClients } from '../clients/clients.ts';
import type { Config } from '../config/config.ts';

/**
 * Clients with the caller's own identity, for the day on which hsmkeep itself is gone: what the app keeps in its own container lies in the
 * container of the backups instead, or in the one that stands in for it, below `hsmkeep/<hsm>/break-glass/`, where the plans, what they were
 * approved with and how they ended stay.
 *
 * @param source The HSM whose backups are read.
 * @param storage The account of the local stack; without one the account of the backups is opened with the caller's identity.
 * @param home Address of the container that stands in, see `findHome`.
 */
export function directClients(config: Config, source: string, storage: string | undefined, home?: string): Clients {
  const container = home ?? configOf(config, source).container;
  const account = storage ?? container.slice(0, container.lastIndexOf('/'));
  const clients = createClients({ config, storage: account, duties: ['restore'], identities: {} }, 'restore');
  const { name } = clients.hsmConfig(source);
  return {
    ...clients,
    documents: below(home === undefined ? clients.backups(name) : clients.landing(home), `hsmkeep/${name}/break-glass/`),
  };
}

const configOf = ({ hsms }: Config, name: string) =>
  hsms.find((hsm) => hsm.name.toLowerCase() === name.toLowerCase())?.backupTo ?? { container: '' };

/** The part of a container below a prefix. */
function below(store: BlobStore, prefix: string): BlobStore {
  return {
    url: store.url,
    read: (path) => store.read(prefix + path),
    write: (path, text, condition) => store.write(prefix + path, text, condition),
    remove: (path, ifMatch) => store.remove(prefix + path, ifMatch),
    removeMany: (paths) => store.removeMany(prefixed(paths, prefix)),
    clockSkewMs: () => store.clockSkewMs(),
    open: (path, etag) => store.open(prefix + path, etag),
    async *listFolders(start) {
      for await (const folder of store.listFolders(prefix + start)) yield folder.slice(prefix.length);
    },
    async *listBlobs(start) {
      for await (const blob of store.listBlobs(prefix + start)) yield { ...blob, name: blob.name.slice(prefix.length) };
    },
  };
}

async function* prefixed(paths: AsyncIterable<string>, prefix: string): AsyncGenerator<string> {
  for await (const path of paths) yield prefix + path;
}
