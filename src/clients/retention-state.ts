import { type FolderSize, isWhole, lastStanding } from '../domain/last-standing.ts';
import type { RetentionState } from '../domain/pruning.ts';
import type { Protection } from '../domain/retention/policy.ts';
import type { BlobStore } from './blob-store.ts';
import { openRecord } from './records.ts';

const READS_AT_ONCE = 16;

/** `hsmkeep/<hsm>/<folder>.json`, and none of the documents beside it. */
const RECORD = /\/(?<folder>[^/]+)(?<!\.inventory)\.json$/;

/**
 * Reads all that retention judges by, from storage alone: an index could be older than a hold. What a record says that cannot be relied on, or
 * that this version cannot read, is not guessed. Of the backups that every other may be deleted for, the blobs are looked at, too.
 */
export async function readRetentionState(store: BlobStore, hsm: string, protection: Protection): Promise<RetentionState> {
  const clockSkewMs = await store.clockSkewMs();
  const prefixes: string[] = [];
  for await (const prefix of store.listFolders('mhsm-')) prefixes.push(prefix);

  const paths: string[] = [];
  for await (const { name } of store.listBlobs(`hsmkeep/${hsm}/mhsm-`)) if (RECORD.test(name)) paths.push(name);
  const records: RetentionState['records'][number][] = [];
  const unreliable: string[] = [];
  const readSome = async (): Promise<void> => {
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      const document = await store.read(path);
      if (!document) continue;
      const folder = RECORD.exec(path)?.groups?.['folder'] ?? '';
      const opened = openRecord(document.text, path);
      if ('damage' in opened) unreliable.push(folder);
      else records.push({ folder, record: opened.record });
    }
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, readSome));

  const standing = lastStanding(
    records.map(({ record }) => record),
    protection,
  );
  const changed: string[] = [];
  for (const record of standing) if (!isWhole(record, await sizeOf(store, record.folder))) changed.push(record.folder);
  return { prefixes, records, unreliable: unreliable.sort(), changed, clockSkewMs };
}

async function sizeOf(store: BlobStore, folder: string): Promise<FolderSize> {
  const size = { blobs: 0, sizeBytes: 0 };
  for await (const { sizeBytes } of store.listBlobs(`${folder}/`)) {
    size.blobs += 1;
    size.sizeBytes += sizeBytes;
  }
  return size;
}
