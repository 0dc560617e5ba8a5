import type { GoodBackup } from '../domain/drill/problems.ts';
import { proofOf } from '../domain/record.ts';
import { newestFirst } from './choose-drill.ts';
import { defineActivity } from './define-activity.ts';
import { readSound, verifyFolder } from './verify-folder.ts';

/** `except`: the backup that is not good. */
export type FindGoodBackupInput = Readonly<{ hsm: string; except: string; budgetMs: number }>;

/**
 * Finds the newest backup that somebody may rely on instead of another, by reading it. When the budget is spent, the newest whose record and
 * manifest are sound is named, and that nobody read it.
 *
 * @returns null when there is none.
 */
export const findGoodBackup = defineActivity(
  'findGoodBackup',
  ['restore'],
  ({ backups }) =>
    async ({ hsm, except, budgetMs }: FindGoodBackupInput): Promise<GoodBackup | null> => {
      const store = backups(hsm);
      const until = Date.now() + budgetMs;
      for (const folder of await newestFirst(store, hsm)) {
        if (folder === except) continue;
        const read = await readSound(store, hsm, folder);
        if ('damaged' in read || read.record.gone) continue;
        const { status } = await verifyFolder(store, hsm, folder, 0, until);
        if (status !== 'damaged') return { folder, proof: proofOf(read.record), checked: status === 'sound' };
      }
      return null;
    },
);
