import type { Clients } from '../clients/clients.ts';
import { documentsOf } from '../clients/restore-source.ts';
import { readBackupContent, readContentBefore } from '../clients/restores.ts';
import { type HsmContent, narrowTo } from '../domain/restore/content.ts';
import type { ApprovedRestore } from './check-restore-approval.ts';
import { readRestoreContent } from './read-restore-content.ts';

/** All that tells what a restore did, each narrowed to what it touches. */
export type AfterRestore = Readonly<{
  before: HsmContent;
  backup: HsmContent;
  /** Items whose state in the backup is not known. */
  uncertain: readonly string[];
  now: HsmContent;
  /** Object id of the identity that read it; null when it could not be told. */
  principalId: string | null;
}>;

const BUDGET_MS = 180_000;

/** Reads what the target held before, what the backup holds, and what the target holds now. @throws {TransientError} while it is in restore mode */
export async function readAfterRestore(clients: Clients, restore: ApprovedRestore): Promise<AfterRestore> {
  const { hsm, documents } = clients;
  const { id, source, target, folder, scope } = restore;
  const [before, { content, uncertain }, now, principalId] = await Promise.all([
    readContentBefore(documents, id),
    readBackupContent(documentsOf(clients, restore), source, folder),
    readRestoreContent(hsm(target), scope, BUDGET_MS),
    hsm(target).callerId(),
  ]);
  return { before, backup: narrowTo(content, scope), uncertain, now: now.content, principalId };
}
