import { createHash } from 'node:crypto';
import type { BlobStore, CopyStore } from '../clients/blob-store.ts';
import { copiesOf, requireRecord } from '../clients/copies.ts';
import { TransientError } from '../clients/errors.ts';
import { copyDiffers, sourceChanged } from '../domain/copy-problems.ts';
import { OperatorError } from '../domain/errors.ts';
import { type ManifestEntry, manifestPath } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

/** `from`: how many blobs earlier calls of this run have done; null: where an earlier run stopped. */
export type CopyFolderInput = Readonly<{ hsm: string; folder: string; from: number | null; budgetMs: number }>;
export type CopyFolderResult = Readonly<{
  blobs: number;
  /** Where the next call goes on; null when all are there. */
  next: number | null;
}>;

const AT_ONCE = 4;

/**
 * Copies the blobs of a backup into the second container, for about as long as the budget, in the order of its manifest, and reads each of
 * them back there: what is there then has the SHA-256 of the manifest. A blob that is there already is only compared.
 *
 * Refused: the backup is not what its manifest says any more, or what lies there differs.
 */
export const copyFolder = defineActivity(
  'copyFolder',
  ['backup'],
  (clients) =>
    async ({ hsm, folder, from, budgetMs }: CopyFolderInput): Promise<CopyFolderResult> => {
      const store = clients.backups(hsm);
      const copies = copiesOf(clients, hsm);
      const record = await requireRecord(store, hsm, folder);
      const entries = await readManifest(store, hsm, folder, record.manifest?.sha256);
      const until = Date.now() + budgetMs;

      const begun = record.copy?.container === copies.url ? record.copy.blobs : 0;
      let next = from ?? begun;
      while (next < entries.length) {
        const batch = entries.slice(next, next + AT_ONCE);
        await Promise.all(batch.map((entry) => copyEntry(store, copies, folder, entry)));
        next += batch.length;
        if (Date.now() >= until) break;
      }
      return { blobs: entries.length, next: next < entries.length ? next : null };
    },
);

/** The manifest, held against the record: what is compared with it must be what was hashed. */
async function readManifest(store: BlobStore, hsm: string, folder: string, sha256: string | undefined): Promise<ManifestEntry[]> {
  const document = await store.read(manifestPath(hsm, folder));
  if (!document || createHash('sha256').update(document.text).digest('hex') !== sha256)
    throw problem(sourceChanged(folder, 'its manifest'));
  return document.text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ManifestEntry);
}

async function copyEntry(store: BlobStore, copies: CopyStore, folder: string, { name, etag, sha256 }: ManifestEntry): Promise<void> {
  const path = `${folder}/${name}`;
  // What is there already, of a copy that was interrupted, is compared like the rest.
  if ((await copies.copyFrom(store, path, etag)) === 'changed') throw problem(sourceChanged(folder, name));
  const copied = await hashOf(copies, path);
  if (copied === undefined) throw new TransientError(`the copy of ${path} is not there yet`);
  if (copied !== sha256) throw problem(copyDiffers(folder, name, copies.url));
}

async function hashOf(store: BlobStore, path: string): Promise<string | undefined> {
  const bytes = await store.open(path);
  if (!bytes) return undefined;
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}

const problem = ({ message, hint }: Readonly<{ message: string; hint: string }>): OperatorError => new OperatorError(message, hint);
