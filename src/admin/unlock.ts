import { hasEnded } from '../activities/acquire-lock.ts';
import type { Clients } from '../clients/clients.ts';
import { RefusedError } from '../clients/errors.ts';
import { parseDocument } from '../domain/documents.ts';
import { OperatorError } from '../domain/errors.ts';
import { type HsmLock, lockPath, mayTakeOver } from '../domain/lock.ts';

/** A lock that may be removed, as it was when that was found out. */
export type StaleLock = Readonly<{ lock: HsmLock; etag: string }>;

/**
 * The lock of an HSM or a secret, if whoever holds it has ended and its job is over.
 *
 * @param subject Name of the HSM; of a secret `<vault>.<secret>`.
 * @returns undefined when there is no lock.
 * @throws {OperatorError} when the lock is in use, or nobody can tell.
 */
export async function findStaleLock(clients: Clients, subject: string): Promise<StaleLock | undefined> {
  const path = lockPath(subject);
  const current = await clients.documents.read(path);
  if (!current) return undefined;
  const lock = parseDocument<HsmLock>(current.text, 'hsmkeep.lock/1', path);

  const ended = await hasEnded(clients.documents, lock.owner);
  if (!ended)
    throw new OperatorError(
      `${subject} is locked by ${lock.owner}, which has not ended: it is at "${lock.step}", since ${lock.since}.`,
      `Look at it: hsmkeep run show ${lock.owner}; or end it: hsmkeep run cancel ${lock.owner}. A run that broke off is closed by the app within minutes.`,
    );
  const job = await jobState(clients, lock);
  if (!mayTakeOver(ended, job))
    throw new OperatorError(
      `${lock.owner} has ended, but its job ${lock.job?.jobId} still runs on ${subject}.`,
      'Wait for it: a backup or restore cannot be stopped. The lock is taken over by the next run once the job is over.',
    );
  return { lock, etag: current.etag };
}

/** @returns false when somebody else has taken the lock over, or given it back, meanwhile. */
export const removeLock = async ({ documents }: Clients, { lock, etag }: StaleLock): Promise<boolean> =>
  (await documents.remove(lockPath(lock.hsm), etag)) === 'removed';

async function jobState(clients: Clients, { hsm, job }: HsmLock): Promise<'running' | 'over' | 'none'> {
  if (!job) return 'none';
  try {
    const { status } = await clients.hsm(hsm).checkJob(job);
    return status === 'running' || status === 'unanswered' ? 'running' : 'over';
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    // A run may assume that its HSM would refuse; a person who removes a lock by hand should know.
    throw new OperatorError(
      `Whether job ${job.jobId} of ${hsm} still runs cannot be told: ${error.problem.message}`,
      `Run this as somebody with the right ${job.kind}/status/action on ${hsm}.`,
    );
  }
}
