import { copiesOf } from '../clients/copies.ts';
import { TransientError } from '../clients/errors.ts';
import { blobTrouble } from '../domain/drill/verify.ts';
import { OperatorError } from '../domain/errors.ts';
import { copyDamaged } from '../domain/restore/landing.ts';
import { defineActivity } from './define-activity.ts';
import { blobsOf, hashBlob } from './hash-folder.ts';
import { readSound } from './verify-folder.ts';

/** `from`: how many blobs earlier calls have landed. `landing`: address of the container, made where it is not there. */
export type LandCopyInput = Readonly<{ hsm: string; folder: string; landing: string; from: number; budgetMs: number }>;
export type LandCopyResult = Readonly<{
  blobs: number;
  /** Where the next call goes on; null when all are there. */
  next: number | null;
}>;

/**
 * Copies a backup out of the immutable container to where an HSM may read it, for about as long as the budget, and reads each blob back there:
 * what is there then has the SHA-256 that was recorded. Idempotent: a blob that is there already is only compared.
 *
 * Refused: a copy that is not what was recorded of it.
 */
export const landCopy = defineActivity(
  'landCopy',
  ['restore'],
  (clients) =>
    async ({ hsm, folder, landing, from, budgetMs }: LandCopyInput): Promise<LandCopyResult> => {
      const copies = copiesOf(clients, hsm);
      const landed = clients.landing(landing);
      const until = Date.now() + budgetMs;
      const read = await readSound(copies, hsm, folder);
      if ('damaged' in read) throw problem(folder, read.damaged);
      await landed.create();

      const etags = new Map((await blobsOf(copies, folder)).map(({ name, etag }) => [name, etag]));
      for (const [index, entry] of read.entries.entries()) {
        if (index < from) continue;
        if (index > from && Date.now() >= until) return { blobs: read.entries.length, next: index };
        const path = `${folder}/${entry.name}`;
        if ((await landed.copyFrom(copies, path, etags.get(path) ?? '')) === 'changed')
          throw problem(folder, `blob ${entry.name} is missing`);
        const found = await hashBlob(landed, { name: path });
        if (found === undefined) throw new TransientError(`the copy of ${path} is not there yet`);
        const trouble = blobTrouble(entry, found);
        if (trouble) throw problem(folder, trouble);
      }
      return { blobs: read.entries.length, next: null };
    },
);

function problem(folder: string, what: string): OperatorError {
  const { message, hint } = copyDamaged(folder, what);
  return new OperatorError(message, hint);
}
