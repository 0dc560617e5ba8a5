import { parseDocument } from '../domain/documents.ts';
import { type HsmLock, lockPath } from '../domain/lock.ts';
import { defineActivity } from './define-activity.ts';

export type ReleaseLockInput = Readonly<{ hsm: string; owner: string }>;

/** Gives the lock of an HSM back. Idempotent; a lock that another run has taken over meanwhile is left alone. */
export const releaseLock = defineActivity(
  'releaseLock',
  ['backup', 'restore', 'rotate'],
  ({ documents }) =>
    async ({ hsm, owner }: ReleaseLockInput): Promise<null> => {
      const path = lockPath(hsm);
      const current = await documents.read(path);
      if (current && parseDocument<HsmLock>(current.text, 'hsmkeep.lock/1', path).owner === owner)
        await documents.remove(path, current.etag);
      return null;
    },
);
