import type { BlobFacts, BlobStore } from '../../../src/clients/blob-store.ts';
import { azureFailing, type World } from './world.ts';

/** The app's own container: documents guarded by ETags. */
export function fakeBlobStore(world: World): BlobStore & Readonly<{ everything(): string }> {
  const documents = new Map<string, { text: string; etag: string }>();
  let writes = 0;
  const ask = <T>(what: string, perform: () => T): Promise<T> => world.request(`storage: ${what}`, perform, azureFailing('storage'));
  const notHere = (): never => {
    throw new Error('a rotation has no use for this');
  };

  return {
    url: 'https://storage/hsmkeep',
    everything: () => JSON.stringify([...documents]),
    read: (path) => ask(`read ${path}`, () => documents.get(path)),
    write: (path, text, condition) =>
      ask(`write ${path}`, () => {
        const found = documents.get(path);
        if (condition && ('ifMatch' in condition ? found?.etag !== condition.ifMatch : found)) return { status: 'changed' };
        writes += 1;
        documents.set(path, { text, etag: `"${writes}"` });
        return { status: 'written', etag: `"${writes}"` };
      }),
    remove: (path, ifMatch) =>
      ask(`remove ${path}`, () => {
        const found = documents.get(path);
        if (!found) return 'missing';
        if (ifMatch !== undefined && found.etag !== ifMatch) return 'changed';
        documents.delete(path);
        return 'removed';
      }),
    async *listBlobs(prefix): AsyncIterable<BlobFacts> {
      const names = await ask(`list ${prefix}`, () => [...documents.keys()].filter((name) => name.startsWith(prefix)).sort());
      for (const name of names) yield { name, sizeBytes: 0, etag: '', modifiedAt: world.now };
    },
    removeMany: notHere,
    clockSkewMs: notHere,
    listFolders: notHere,
    open: notHere,
  };
}
