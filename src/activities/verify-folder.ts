import { createHash } from 'node:crypto';
import type { BlobStore } from '../clients/blob-store.ts';
import { openRecord } from '../clients/records.ts';
import { parseDocument } from '../domain/documents.ts';
import { blobTrouble, inventoryTrouble, listingTrouble, manifestTrouble, recordTrouble, type SoundRecord } from '../domain/drill/verify.ts';
import { OperatorError } from '../domain/errors.ts';
import type { Inventory } from '../domain/inventory.ts';
import { inventoryPath, type ManifestEntry, manifestPath, recordPath } from '../domain/record.ts';
import { blobsOf, hashBlob } from './hash-folder.ts';

/** `more`: the time was up; go on with the blob `next`. `damaged`: what is wrong, for people. */
export type Verified = Readonly<
  { status: 'sound'; record: SoundRecord; blobs: number } | { status: 'more'; next: number } | { status: 'damaged'; what: string }
>;

/**
 * Reads a backup again, every byte, and holds it against its manifest, and that, the inventory and the record against each other.
 *
 * @param store Where the backup and its documents lie.
 * @param from How many blobs earlier calls have read.
 * @param until Epoch milliseconds; at least one blob is read.
 */
export async function verifyFolder(store: BlobStore, hsm: string, folder: string, from: number, until: number): Promise<Verified> {
  const read = await readSound(store, hsm, folder);
  if ('damaged' in read) return damaged(read.damaged);
  const { record, entries } = read;

  const blobs = await blobsOf(store, folder);
  const listed = blobs.map(({ name, sizeBytes }) => ({ name: name.slice(folder.length + 1), sizeBytes }));
  const trouble = listingTrouble(entries, listed);
  if (trouble) return damaged(trouble);

  const etags = new Map(blobs.map(({ name, etag }) => [name.slice(folder.length + 1), etag]));
  for (const [index, entry] of entries.entries()) {
    if (index < from) continue;
    if (index > from && Date.now() >= until) return { status: 'more', next: index };
    const found = await hashBlob(store, { name: `${folder}/${entry.name}`, etag: etags.get(entry.name) ?? '' });
    const changed = blobTrouble(entry, found);
    if (changed) return damaged(changed);
  }
  return { status: 'sound', record, blobs: entries.length };
}

/** The record of a backup, with its manifest, as far as both can be relied on. */
export async function readSound(
  store: BlobStore,
  hsm: string,
  folder: string,
): Promise<Readonly<{ record: SoundRecord; entries: readonly ManifestEntry[] } | { damaged: string }>> {
  const [recordText, manifest, inventoryText] = await Promise.all(
    [recordPath, manifestPath, inventoryPath].map(async (path) => (await store.read(path(hsm, folder)))?.text),
  );
  if (recordText === undefined) return { damaged: 'its record is missing' };
  const opened = openRecord(recordText, recordPath(hsm, folder));
  if ('damage' in opened) return { damaged: `its record cannot be relied on: ${withoutStop(opened.damage.message)}` };
  const { record } = opened;
  const inventory = inventoryText === undefined ? undefined : parsedDocument<Inventory>(inventoryText, 'hsmkeep.inventory/1');
  if (inventoryText !== undefined && !inventory) return { damaged: 'its inventory cannot be read' };

  const trouble = recordTrouble(record, hsm, folder) ?? inventoryTrouble(record, inventory, inventoryText && sha256(inventoryText), folder);
  if (trouble) return { damaged: trouble };
  if (manifest === undefined) return { damaged: 'its manifest is missing' };
  const sound = record as SoundRecord;
  const changed = manifestTrouble(sound, sha256(manifest));
  return changed ? { damaged: changed } : { record: sound, entries: entriesOf(manifest) };
}

/** Undefined for what is not readable, or of another schema. */
function parsedDocument<T extends Readonly<{ schema: string }>>(text: string, schema: T['schema']): T | undefined {
  try {
    return parseDocument<T>(text, schema, '');
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

/** For the middle of a sentence. */
const withoutStop = (sentence: string): string => sentence.replace(/\.$/, '');

const damaged = (what: string): Verified => ({ status: 'damaged', what });

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const entriesOf = (manifest: string): ManifestEntry[] =>
  manifest
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ManifestEntry);
