import { readRecord } from '../clients/catalogue.ts';
import { copiesOf } from '../clients/copies.ts';
import type { HsmConfig } from '../config/config.ts';
import { copyRemovableAt } from '../domain/copies.ts';
import { isOnlyCopy } from '../domain/pruning.ts';
import { type CopyState, recordPath } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';
import { contentOf, expectFolderOf, type PruneBackupResult } from './prune-backup.ts';

export type PruneCopyInput = Readonly<{ hsm: string; folder: string }>;

/**
 * Deletes the second copy of a backup that was pruned: its record first, so that nobody takes what is left for a whole copy, then all else; last
 * the record of the backup. A blob that is still under an immutability policy or legal hold stays, and so does what comes after it. Whatever
 * interrupts it, a repetition goes on. Spared: it is none that outlived its backup, or as the configuration is now its days are not over, or nothing
 * is to be deleted.
 */
export const pruneCopy = defineActivity(
  'pruneCopy',
  ['backup'],
  (clients) =>
    async ({ hsm, folder }: PruneCopyInput): Promise<PruneBackupResult> => {
      expectFolderOf(hsm, folder);
      const store = clients.backups(hsm);
      const copies = copiesOf(clients, hsm);
      const record = await readRecord(store, hsm, folder);
      if (!record) return { status: 'pruned', removed: 0, retained: 0 };
      if (!isOnlyCopy(record, copies.url) || !isDue(record.copy, clients.hsmConfig(hsm))) return { status: 'spared' };

      const sealed = await copies.removeMany(only(recordPath(hsm, folder)));
      if (sealed.retained > 0) return { status: 'retained', ...sealed };
      const rest = await copies.removeMany(contentOf(copies, hsm, folder));
      const counts = { removed: sealed.removed + rest.removed, retained: rest.retained };
      if (counts.retained > 0) return { status: 'retained', ...counts };
      await store.remove(recordPath(hsm, folder));
      return { status: 'pruned', ...counts };
    },
);

/** Whether the configuration still means copies of this age to go: it may say another thing than when the plan was made. */
const isDue = (copy: CopyState | undefined, { prune, immutableCopy }: HsmConfig): boolean =>
  prune === 'delete' &&
  copy !== undefined &&
  immutableCopy !== undefined &&
  Date.parse(copyRemovableAt(copy, immutableCopy.days)) <= Date.now();

async function* only(path: string): AsyncGenerator<string> {
  yield path;
}
