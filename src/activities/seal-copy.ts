import type { CopyStore } from '../clients/blob-store.ts';
import { copiesOf, requireRecord } from '../clients/copies.ts';
import { TransientError } from '../clients/errors.ts';
import { recordText } from '../clients/records.ts';
import { copyDiffers } from '../domain/copy-problems.ts';
import { OperatorError } from '../domain/errors.ts';
import { type CopyState, inventoryPath, manifestPath, recordPath } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

/** `at`: ISO 8601 UTC. `blobs`: how many were copied and compared: all of them. */
export type SealCopyInput = Readonly<{ hsm: string; run: string; folder: string; at: string; blobs: number }>;

/**
 * Completes the second copy of a backup: manifest and inventory, compared byte by byte, and last the record as it is now. What is there
 * already is not written again, being immutable. Idempotent.
 */
export const sealCopy = defineActivity(
  'sealCopy',
  ['backup'],
  (clients) =>
    async ({ hsm, run, folder, at, blobs }: SealCopyInput): Promise<CopyState> => {
      const store = clients.backups(hsm);
      const copies = copiesOf(clients, hsm);
      const record = await requireRecord(store, hsm, folder);
      for (const path of [manifestPath(hsm, folder), inventoryPath(hsm, folder)]) {
        const original = await store.read(path);
        if (!original) continue;
        const copied = await writeOnce(copies, path, original.text);
        if (copied === original.text) continue;
        const { message, hint } = copyDiffers(folder, path, copies.url);
        throw new OperatorError(message, hint);
      }
      const copy: CopyState = { container: copies.url, run, at, blobs, completedAt: at };
      await writeOnce(copies, recordPath(hsm, folder), recordText({ ...record, copy }));
      return copy;
    },
);

/** Writes a text where nothing is. @returns What lies there, read back. */
async function writeOnce(copies: CopyStore, path: string, text: string): Promise<string> {
  const there = await copies.read(path);
  if (there) return there.text;
  await copies.write(path, text, { ifAbsent: true });
  const written = await copies.read(path);
  if (!written) throw new TransientError(`the copy of ${path} is not there yet`);
  return written.text;
}
