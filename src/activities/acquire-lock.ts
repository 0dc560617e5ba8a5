import type { BlobStore } from '../clients/blob-store.ts';
import type { Clients } from '../clients/clients.ts';
import { RefusedError } from '../clients/errors.ts';
import { parseDocument } from '../domain/documents.ts';
import { type HsmLock, lockPath, mayTakeOver } from '../domain/lock.ts';
import type { Run } from '../domain/run.ts';
import { runPath } from '../domain/run-id.ts';
import { defineActivity } from './define-activity.ts';

export type AcquireLockInput = Readonly<{ hsm: string; owner: string; at: string; step: string }>;
export type AcquireLockResult = Readonly<{ status: 'acquired' } | { status: 'held'; owner: string; step: string }>;

/**
 * Takes the lock of an HSM for a run, or says who holds it. Idempotent: the holder acquires it again.
 * A lock whose run has ended, and whose job is over, is taken over.
 *
 * @throws {TransientError}
 */
export const acquireLock = defineActivity(
  'acquireLock',
  ['backup', 'restore', 'rotate'],
  (clients) =>
    async ({ hsm, owner, at, step }: AcquireLockInput): Promise<AcquireLockResult> => {
      const store = clients.documents;
      const path = lockPath(hsm);
      const mine = JSON.stringify({ schema: 'hsmkeep.lock/1', hsm, owner, since: at, step, job: null } satisfies HsmLock);

      const created = await store.write(path, mine, { ifAbsent: true });
      if (created.status === 'written') return { status: 'acquired' };

      const current = await store.read(path);
      if (!current) return { status: 'held', owner: 'a run that just ended', step: '' };
      const lock = parseDocument<HsmLock>(current.text, 'hsmkeep.lock/1', path);
      if (lock.owner === owner) return { status: 'acquired' };

      if (mayTakeOver(await hasEnded(store, lock.owner), await jobState(clients, lock))) {
        const taken = await store.write(path, mine, { ifMatch: current.etag });
        if (taken.status === 'written') return { status: 'acquired' };
      }
      return { status: 'held', owner: lock.owner, step: lock.step };
    },
);

/** The run's own record tells, across apps of different duties; a run without a record never got as far as to start work. */
export async function hasEnded(store: BlobStore, run: string): Promise<boolean> {
  const path = runPath(run);
  const document = path && (await store.read(path));
  if (!path || !document) return false;
  return parseDocument<Run>(document.text, 'hsmkeep.run/1', path).endedAt !== null;
}

async function jobState(clients: Clients, { hsm, job }: HsmLock): Promise<'running' | 'over' | 'none'> {
  if (!job) return 'none';
  try {
    const { status } = await clients.hsm(hsm).checkJob(job);
    // No answer is no proof that it is over.
    return status === 'running' || status === 'unanswered' ? 'running' : 'over';
  } catch (error) {
    // Another duty's job: this identity may not ask. Should it still run, the HSM itself answers 409.
    if (error instanceof RefusedError) return 'over';
    throw error;
  }
}
