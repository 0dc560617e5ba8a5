import { parseDocument } from '../domain/documents.ts';
import { OperatorError } from '../domain/errors.ts';
import { isFolderOf, parseFolder } from '../domain/folder.ts';
import { type BackupRecord, recordPath, viewOfDamaged, viewOfFolder, viewOfRecord } from '../domain/record.ts';
import type { BackupView } from '../domain/views.ts';
import type { BlobStore } from './blob-store.ts';
import { RefusedError } from './errors.ts';
import { findRecord, updateRecord } from './records.ts';

const READS_AT_ONCE = 8;

/**
 * `index/catalogue/<hsm>.json`: what the records said when they were last read. Rebuildable: a record whose ETag differs is read again.
 */
export type CatalogueIndex = Readonly<{
  schema: 'hsmkeep.catalogue/2';
  hsm: string;
  /** `view` null: given up by retention, no backup any more. */
  entries: Readonly<Record<string, Readonly<{ etag: string; view: BackupView | null }>>>;
}>;

export const cataloguePath = (hsm: string): string => `index/catalogue/${hsm}.json`;

/**
 * What the container holds of an HSM, joined with the records beside it, newest first; without what retention has given up. Storage is the truth; the index only spares reading.
 *
 * @param index Where the index lies; without one every record is read.
 */
export async function listBackups(store: BlobStore, hsm: string, index?: BlobStore): Promise<BackupView[]> {
  const known = index && (await readIndex(index, hsm));
  const folders = await listFoldersOf(store, hsm);
  const etags = new Map<string, string>();
  for await (const { name, etag } of store.listBlobs(`hsmkeep/${hsm}/mhsm-`)) etags.set(name, etag);

  const entries: Record<string, { etag: string; view: BackupView | null }> = {};
  const views: BackupView[] = [];
  let isNew = !known;
  const pending = [...folders];
  const readSome = async (): Promise<void> => {
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      const etag = etags.get(recordPath(hsm, folder));
      const cached = known?.entries[folder];
      const view =
        etag === undefined ? viewOfFolder(hsm, folder) : cached?.etag === etag ? cached.view : await readView(store, hsm, folder);
      if (etag !== undefined) entries[folder] = { etag, view };
      isNew ||= etag !== cached?.etag;
      if (view) views.push(view);
    }
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, readSome));

  if (index && isNew)
    await index.write(cataloguePath(hsm), JSON.stringify({ schema: 'hsmkeep.catalogue/2', hsm, entries } satisfies CatalogueIndex));
  return views.sort((a, b) => (a.takenAt < b.takenAt ? 1 : -1));
}

/** The backup folders of an HSM in its container, in the order of names. */
export async function listFoldersOf(store: BlobStore, hsm: string): Promise<string[]> {
  const folders: string[] = [];
  for await (const folder of store.listFolders('mhsm-')) if (isFolderOf(hsm, folder)) folders.push(folder);
  return folders;
}

/** The record of one backup; undefined when there is none. @throws {OperatorError} for one that cannot be relied on */
export async function readRecord(store: BlobStore, hsm: string, folder: string): Promise<BackupRecord | undefined> {
  if (!parseFolder(folder)) return undefined;
  const found = await findRecord(store, hsm, folder);
  if (found && 'damage' in found) throw new OperatorError(found.damage.message, found.damage.hint);
  return found?.record;
}

async function readView(store: BlobStore, hsm: string, folder: string): Promise<BackupView | null> {
  const found = await findRecord(store, hsm, folder);
  if (!found) return viewOfFolder(hsm, folder);
  if ('damage' in found) return viewOfDamaged(hsm, folder, found.damage);
  return found.record.gone ? null : viewOfRecord(found.record);
}

async function readIndex(index: BlobStore, hsm: string): Promise<CatalogueIndex | undefined> {
  const document = await index.read(cataloguePath(hsm));
  if (!document) return undefined;
  try {
    return parseDocument<CatalogueIndex>(document.text, 'hsmkeep.catalogue/2', cataloguePath(hsm));
  } catch {
    // The index is only a copy: one that cannot be read is made anew.
    return undefined;
  }
}

/**
 * Makes the app's view of an HSM's backups anew from storage alone, and seals the records of versions that did not.
 *
 * @returns Every backup, newest first.
 */
export async function rebuildCatalogue(store: BlobStore, hsm: string, index: BlobStore): Promise<BackupView[]> {
  await index.remove(cataloguePath(hsm));
  await sealRecords(store, hsm);
  return listBackups(store, hsm, index);
}

async function sealRecords(store: BlobStore, hsm: string): Promise<void> {
  for (const folder of await listFoldersOf(store, hsm)) {
    try {
      await updateRecord(store, hsm, folder, (record) => (record?.seal === undefined ? record : undefined));
    } catch (error) {
      // What cannot be relied on is not sealed, and whoever may only read gets the list all the same.
      if (!(error instanceof OperatorError || error instanceof RefusedError)) throw error;
    }
  }
}
