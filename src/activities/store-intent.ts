import type { BlobStore } from '../clients/blob-store.ts';
import { listFoldersOf } from '../clients/catalogue.ts';
import { parseDocument } from '../domain/documents.ts';
import { type Intent, intentPath } from '../domain/intent.ts';
import { defineActivity } from './define-activity.ts';

export type StoreIntentInput = Readonly<{ hsm: string; run: string; at: string }>;

/**
 * Writes down which backups exist before the first start request of a run.
 * Idempotent: what the first call wrote stands, because a later listing could hold what the run itself made.
 *
 * @returns How many backups of this HSM the container held.
 */
export const storeIntent = defineActivity(
  'storeIntent',
  ['backup'],
  ({ documents, backups }) =>
    async ({ hsm, run, at }: StoreIntentInput): Promise<Readonly<{ folders: number }>> => {
      const known = await readIntent(documents, run);
      if (known) return { folders: known.folders.length };

      const folders = await listFoldersOf(backups(hsm), hsm);
      const intent: Intent = { schema: 'hsmkeep.intent/1', run, hsm, at, folders };
      await documents.write(intentPath(run), JSON.stringify(intent), { ifAbsent: true });
      return { folders: folders.length };
    },
);

export async function readIntent(documents: BlobStore, run: string): Promise<Intent | undefined> {
  const path = intentPath(run);
  const document = await documents.read(path);
  return document && parseDocument<Intent>(document.text, 'hsmkeep.intent/1', path);
}
