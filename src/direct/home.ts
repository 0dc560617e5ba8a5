import type { Clients } from '../clients/clients.ts';
import { copiesOf } from '../clients/copies.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import { besideCopies } from '../domain/restore/landing.ts';
import type { RestoreRequest } from '../domain/restore/plan.ts';
import type { Direct } from './run-activity.ts';

/**
 * The container that stands in for that of the backups: it keeps the plan, and the copy is landed beside it. Without a name that is the
 * container of the backups itself, or, when a restore from the immutable copy finds that gone, one beside the copies, where no policy holds.
 *
 * @param named Address of a container of the caller's choice, made where it is not there.
 * @returns undefined for the container of the backups.
 */
export async function findHome(
  { clients, say }: Direct,
  { source, from }: Pick<RestoreRequest, 'source' | 'from'>,
  named: string | undefined,
): Promise<string | undefined> {
  const lost = named === undefined && from === 'immutableCopy' ? await backupsAreLost(clients, source) : undefined;
  const home = named ?? (lost && besideCopies(copiesOf(clients, source).url));
  if (home === undefined) return undefined;
  if (lost) say(`warning: ${lost.replace(/\.$/, '')}; the plan is kept in ${home}, and the copy is landed beside it`);
  await clients.landing(home).create();
  return home;
}

/** @returns Why the container of the backups cannot be used; undefined when it can. */
async function backupsAreLost({ backups }: Clients, source: string): Promise<string | undefined> {
  try {
    await backups(source).read('hsmkeep');
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError || error instanceof TransientError) return error.message;
    throw error;
  }
}
