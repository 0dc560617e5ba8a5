import type { RestorePlan } from '../domain/restore/plan.ts';
import type { BlobStore } from './blob-store.ts';
import type { Clients } from './clients.ts';
import { copiesOf } from './copies.ts';
import type { BackupTarget } from './managed-hsm.ts';

/** `landing`: the container that the HSM reads a copy from; absent when it reads where it wrote. */
export type RestoreSource = Pick<RestorePlan, 'source' | 'landing'>;

/** Where a restored backup's record, manifest and inventory lie. @throws {OperatorError} when the second container is no longer configured */
export const documentsOf = (clients: Pick<Clients, 'backups' | 'copies'>, { source, landing }: RestoreSource): BlobStore =>
  landing === undefined ? clients.backups(source) : copiesOf(clients, source);

/** What the HSM is told to read. A SAS token opens no other account than the one that it was made for. */
export function readFrom({ hsmConfig }: Pick<Clients, 'hsmConfig'>, { source, landing }: RestoreSource): BackupTarget {
  const { backupTo } = hsmConfig(source);
  if (landing === undefined) return backupTo;
  return { container: landing, auth: accountOf(landing) === accountOf(backupTo.container) ? backupTo.auth : 'managedIdentity' };
}

const accountOf = (container: string): string => container.slice(0, container.lastIndexOf('/'));
