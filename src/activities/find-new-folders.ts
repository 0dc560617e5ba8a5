import type { BlobStore } from '../clients/blob-store.ts';
import { listFoldersOf } from '../clients/catalogue.ts';
import { newFolders } from '../domain/folder.ts';
import { defineActivity } from './define-activity.ts';
import { readIntent } from './store-intent.ts';

export type FindNewFoldersInput = Readonly<{ hsm: string; run: string }>;

/** The backups of an HSM that appeared since the run stored its intent, oldest first. */
export const findNewFolders = defineActivity(
  'findNewFolders',
  ['backup'],
  ({ documents, backups }) =>
    ({ hsm, run }: FindNewFoldersInput): Promise<string[]> =>
      foldersSinceIntent(documents, backups(hsm), hsm, run),
);

/** @throws when the run has stored no intent: nothing may be started or adopted without. */
export async function foldersSinceIntent(documents: BlobStore, store: BlobStore, hsm: string, run: string): Promise<string[]> {
  const intent = await readIntent(documents, run);
  if (!intent) throw new Error(`run ${run} has no intent`);
  return newFolders(intent, hsm, await listFoldersOf(store, hsm));
}
