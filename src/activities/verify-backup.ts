import { readBackupContent } from '../clients/restores.ts';
import { holdsCanary } from '../domain/canary.ts';
import { noCanary } from '../domain/drill/problems.ts';
import { OperatorError } from '../domain/errors.ts';
import { defineActivity } from './define-activity.ts';
import { verifyFolder } from './verify-folder.ts';

/** `from`: how many blobs earlier calls have read. `canaryKey`: the key that the backup has to hold. */
export type VerifyBackupInput = Readonly<{ hsm: string; folder: string; canaryKey: string; from: number; budgetMs: number }>;
export type VerifyBackupResult = Readonly<
  { status: 'sound'; blobs: number } | { status: 'more'; next: number } | { status: 'damaged'; what: string }
>;

/**
 * Reads a backup again, for about as long as the budget, and holds it against its manifest and record.
 * Refused: one that holds no canary, because a restore of it would prove nothing.
 */
export const verifyBackup = defineActivity(
  'verifyBackup',
  ['restore'],
  ({ backups }) =>
    async ({ hsm, folder, canaryKey, from, budgetMs }: VerifyBackupInput): Promise<VerifyBackupResult> => {
      const store = backups(hsm);
      const verified = await verifyFolder(store, hsm, folder, from, Date.now() + budgetMs);
      if (verified.status !== 'sound') return verified;
      const { record, blobs } = verified;
      const { content } = await readBackupContent(store, hsm, folder);
      if (record.canary?.key === canaryKey && holdsCanary(content.keys, record.canary) !== false) return { status: 'sound', blobs };
      const { message, hint } = noCanary(hsm, folder, canaryKey);
      throw new OperatorError(message, hint);
    },
);
