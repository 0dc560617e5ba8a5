import { createHash } from 'node:crypto';
import { OperatorError } from '../domain/errors.ts';
import { type BackupRecord, recordPath } from '../domain/record.ts';
import { parseRecord, sealed } from '../domain/record-seal.ts';
import type { Problem } from '../domain/views.ts';
import { type BlobStore, updateDocument } from './blob-store.ts';
import { TransientError } from './errors.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A record as it is written: sealed, as JSON. */
export const recordText = (record: BackupRecord): string => JSON.stringify(sealed(record, sha256));

/** A record that was read, or why it cannot be relied on. */
export type OpenedRecord = Readonly<{ record: BackupRecord } | { damage: Problem }>;

/** @param path Named in what is wrong. */
export function openRecord(text: string, path: string): OpenedRecord {
  try {
    return { record: parseRecord(text, path, sha256) };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { damage: { message: error.message, hint: error.hint } };
  }
}

/** The record of one backup as far as it can be relied on; undefined when there is none. */
export async function findRecord(store: BlobStore, hsm: string, folder: string): Promise<OpenedRecord | undefined> {
  const path = recordPath(hsm, folder);
  const document = await store.read(path);
  return document && openRecord(document.text, path);
}

/**
 * Changes the record of a backup, guarded by its ETag, and seals it anew.
 *
 * @param change Given the record as it is, undefined where there is none; gives what it shall be, undefined to leave it alone. Called again
 * when somebody came between.
 * @returns The record as it is afterwards.
 * @throws {OperatorError} for a record that cannot be relied on: nothing is built on what is damaged.
 */
export async function updateRecord(
  store: BlobStore,
  hsm: string,
  folder: string,
  change: (record: BackupRecord | undefined) => BackupRecord | undefined,
): Promise<BackupRecord | undefined> {
  const path = recordPath(hsm, folder);
  let now: BackupRecord | undefined;
  const written = await updateDocument(store, path, (text) => {
    const known = text === undefined ? undefined : parseRecord(text, path, sha256);
    const changed = change(known);
    now = changed ? sealed(changed, sha256) : known;
    return changed && JSON.stringify(now);
  });
  if (!written) throw new TransientError(`the record of ${folder} kept being changed by others`);
  return now;
}
