import type { BlobStore } from '../clients/blob-store.ts';
import { listBackups } from '../clients/catalogue.ts';
import type { Clients } from '../clients/clients.ts';
import { copiesOf } from '../clients/copies.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import { findRecord } from '../clients/records.ts';
import { readBackupContent } from '../clients/restores.ts';
import type { HsmConfig } from '../config/config.ts';
import { parseDocument } from '../domain/documents.ts';
import { type HsmLock, lockPath } from '../domain/lock.ts';
import { type HsmContent, narrowTo } from '../domain/restore/content.ts';
import { diffContent } from '../domain/restore/diff.ts';
import type { RestoreFindings, RestoreRequest } from '../domain/restore/plan.ts';
import { runPreflights } from '../domain/restore/preflights.ts';
import { chooseRestoreBackup } from './choose-restore-backup.ts';
import { blobsOf } from './hash-folder.ts';
import { readRestoreContent } from './read-restore-content.ts';

/** `live`: what the target holds, as it was read for these findings. */
export type FoundRestore = Readonly<{ findings: RestoreFindings; live: HsmContent }>;

/**
 * Finds out what a restore would do. Reads only: storage, the records beside the backups, and from the target what this identity may read.
 *
 * @param budgetMs How long reading the keys of the target may take.
 * @param now ISO 8601 UTC.
 * @throws {NotFoundError} when there is no such backup; {TransientError}, {RefusedError} as the clients.
 */
export async function findRestore(clients: Clients, request: RestoreRequest, now: string, budgetMs: number): Promise<FoundRestore> {
  const source = clients.hsmConfig(request.source);
  const target = clients.hsmConfig(request.target);
  const isCopy = request.from === 'immutableCopy';
  const store = isCopy ? copiesOf(clients, source.name) : clients.backups(source.name);
  // A copy was compared with what was hashed; what the original was proven to afterwards, it cannot say.
  const countsFrom = isCopy ? 'L1' : source.protect.countsFrom;
  const hsm = clients.hsm(target.name);
  const { scope } = request;

  const backups = await listBackups(store, source.name);
  const backup = await chooseRestoreBackup(store, source.name, backups, request.selector, countsFrom);
  const [opened, blobs, inventory, live, lock, principalId] = await Promise.all([
    findRecord(store, source.name, backup.folder),
    blobsOf(store, backup.folder),
    readBackupContent(store, source.name, backup.folder),
    readRestoreContent(hsm, scope, budgetMs),
    readLock(clients.locks, target.name).catch(asUnreadable),
    hsm.callerId(),
  ]);

  // What is wrong with one that cannot be relied on, the backup tells.
  const record = opened && 'record' in opened ? opened.record : undefined;
  const content = narrowTo(inventory.content, scope);
  const stored = { blobs: blobs.length, sizeBytes: blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  const findings: RestoreFindings = {
    source: source.name,
    target: target.name,
    ...(isCopy && { from: request.from }),
    container: store.url,
    folder: backup.folder,
    takenAt: backup.takenAt,
    proof: backup.proof,
    manifestSha256: record?.manifest?.sha256 ?? null,
    scope,
    diff: diffContent(live.content, content),
    uncertain: inventory.uncertain,
    preflights: runPreflights({
      now,
      scope,
      source: {
        name: source.name,
        securityDomain: record?.securityDomain ?? domainOf(source),
        countsFrom,
      },
      target: { name: target.name, securityDomain: domainOf(target) },
      backup,
      record,
      backups,
      stored,
      lock,
      live: live.content,
      content,
      deletedKey: live.deletedKey,
      principalId,
      from: request.from ?? 'backups',
      auth: source.backupTo.auth === 'managedIdentity' ? 'managedIdentity' : 'sas',
    }),
  };
  return { findings, live: live.content };
}

/** A container that is gone or closed tells nothing; that is worth a warning, and no reason to give up on the worst day. */
function asUnreadable(error: unknown): 'unreadable' {
  if (error instanceof RefusedError || error instanceof TransientError) return 'unreadable';
  throw error;
}

/** Who works on an HSM, by its lock; undefined when nobody does. */
export async function readLock(documents: BlobStore, hsm: string): Promise<HsmLock | undefined> {
  const path = lockPath(hsm);
  const document = await documents.read(path);
  return document && parseDocument<HsmLock>(document.text, 'hsmkeep.lock/1', path);
}

const domainOf = ({ securityDomain }: HsmConfig): string | null => securityDomain ?? null;
