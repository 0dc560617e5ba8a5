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

/** What the HSM is told to read. */
export function readFrom({ hsmConfig }: Pick<Clients, 'hsmConfig'>, { source, landing }: RestoreSource): BackupTarget {
  const { backupTo } = hsmConfig(source);
  return landing === undefined ? backupTo : { ...backupTo, container: landing };
}
