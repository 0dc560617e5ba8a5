import { noCopyContainer, notToBeCopied } from '../domain/copy-problems.ts';
import { OperatorError } from '../domain/errors.ts';
import type { BackupRecord } from '../domain/record.ts';
import type { BlobStore, CopyStore } from './blob-store.ts';
import { readRecord } from './catalogue.ts';
import type { Clients } from './clients.ts';

/** The container of second copies. @throws {OperatorError} when none is configured any more. */
export function copiesOf(clients: Pick<Clients, 'copies'>, hsm: string): CopyStore {
  const copies = clients.copies(hsm);
  if (copies) return copies;
  const { message, hint } = noCopyContainer(hsm);
  throw new OperatorError(message, hint);
}

/** The record of a whole backup. @throws {OperatorError} when there is none, or it was given up. */
export async function requireRecord(store: BlobStore, hsm: string, folder: string): Promise<BackupRecord> {
  const record = await readRecord(store, hsm, folder);
  if (record && record.status === 'complete' && !record.gone) return record;
  const { message, hint } = notToBeCopied(folder);
  throw new OperatorError(message, hint);
}
