import { createHash } from 'node:crypto';
import type { BlobFacts, BlobStore } from '../clients/blob-store.ts';
import { stagingPath } from '../domain/intent.ts';
import type { ManifestEntry } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

/** `from`: how many blobs earlier calls have read. */
export type HashFolderInput = Readonly<{ hsm: string; run: string; folder: string; from: number; budgetMs: number }>;
export type HashFolderResult = Readonly<{
  /** Fingerprint of the listing: names, sizes, ETags. Equal fingerprints: nothing was written in between. */
  listing: string;
  blobs: number;
  /** Where the next call goes on; null when every blob was read. */
  next: number | null;
  /** A blob changed or went while it was read. */
  changed: boolean;
}>;

/** Reads and hashes the blobs of a backup, for about as long as the budget, and stages what it found. Memory does not grow with sizes. */
export const hashFolder = defineActivity(
  'hashFolder',
  ['backup'],
  ({ backups }) =>
    async ({ hsm, run, folder, from, budgetMs }: HashFolderInput): Promise<HashFolderResult> => {
      const store = backups(hsm);
      const blobs = await blobsOf(store, folder);
      const listing = fingerprint(blobs);
      const until = Date.now() + budgetMs;

      const entries: ManifestEntry[] = [];
      for (const blob of blobs.slice(from)) {
        if (entries.length > 0 && Date.now() >= until) break;
        const sha256 = await hashBlob(store, blob);
        if (sha256 === undefined) return { listing, blobs: blobs.length, next: null, changed: true };
        entries.push({ name: blob.name.slice(folder.length + 1), sizeBytes: blob.sizeBytes, etag: blob.etag, sha256 });
      }

      await store.write(partPath(hsm, run, folder, from), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      const next = from + entries.length;
      return { listing, blobs: blobs.length, next: next < blobs.length ? next : null, changed: false };
    },
);

export const partPath = (hsm: string, run: string, folder: string, from: number): string =>
  `${stagingPath(hsm, run)}${folder}.manifest-${from}.jsonl`;

export async function blobsOf(store: BlobStore, folder: string): Promise<BlobFacts[]> {
  const blobs: BlobFacts[] = [];
  for await (const blob of store.listBlobs(`${folder}/`)) blobs.push(blob);
  return blobs;
}

export function fingerprint(blobs: readonly BlobFacts[]): string {
  const hash = createHash('sha256');
  for (const { name, sizeBytes, etag } of blobs) hash.update(`${name}\0${sizeBytes}\0${etag}\n`);
  return hash.digest('hex');
}

/** SHA-256 of a blob, of one version where its ETag is given; undefined when it is gone or another version is there. Memory does not grow with its size. */
export async function hashBlob(
  store: BlobStore,
  { name, etag }: Pick<BlobFacts, 'name'> & Partial<BlobFacts>,
): Promise<string | undefined> {
  const bytes = await store.open(name, etag);
  if (!bytes) return undefined;
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}
