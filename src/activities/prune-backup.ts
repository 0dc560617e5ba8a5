import type { BlobStore } from '../clients/blob-store.ts';
import type { Clients } from '../clients/clients.ts';
import { updateRecord } from '../clients/records.ts';
import { configuredPolicyHash } from '../clients/retention-plan.ts';
import { OperatorError } from '../domain/errors.ts';
import { isFolderOf } from '../domain/folder.ts';
import { isCopyIn, isHeld } from '../domain/pruning.ts';
import { type BackupRecord, inventoryPath, manifestPath, markedAt as markOf, recordPath } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';

/**
 * `at`: the time that the plan was made for, ISO 8601 UTC; `policyHash`: of its policy. `markedAt`: the mark that it judged by; null for a backup that
 * an earlier run has given up.
 */
export type PruneBackupInput = Readonly<{
  hsm: string;
  run: string;
  at: string;
  policyHash: string;
  folder: string;
  markedAt: string | null;
}>;
/**
 * - `pruned`: nothing is left of it.
 * - `retained`: some blobs stay under an immutability policy or legal hold; it is gone as a backup, and the next run tries again.
 * - `spared`: since the plan was made somebody pinned it, took its mark away, or changed the policy, or the plan is of another day; nothing was done.
 */
export type PruneBackupResult =
  | Readonly<{ status: 'pruned' | 'retained'; removed: number; retained: number }>
  | Readonly<{ status: 'spared' }>;

/**
 * Deletes one backup, but not its second copy: first its record says that it is gone, so that nobody is offered half of it; then its blobs, manifest and inventory go; the
 * record goes last, or stays for the second copy's sake until that has gone too. Whatever interrupts it, a repetition goes on, and a folder without a record is never touched.
 */
export const pruneBackup = defineActivity(
  'pruneBackup',
  ['backup'],
  (clients) =>
    async (input: PruneBackupInput): Promise<PruneBackupResult> => {
      const { hsm, folder } = input;
      expectFolderOf(hsm, folder);
      const store = clients.backups(hsm);
      const state = await giveUp(store, input, isStillMeant(clients, input));
      if (state === 'spared') return { status: 'spared' };
      if (state === 'missing') return { status: 'pruned', removed: 0, retained: 0 };

      const counts = await store.removeMany(contentOf(store, hsm, folder));
      if (counts.retained > 0) return { status: 'retained', ...counts };
      await endRecord(store, input, clients.copies(hsm)?.url);
      return { status: 'pruned', ...counts };
    },
);

/** A plan is carried out at once; a host that comes back after days plans anew. */
const PLAN_GOOD_FOR_MS = 6 * 3_600_000;

/** Whether the configuration, and the time, are still those that the plan was made for. */
const isStillMeant = (clients: Clients, { hsm, at, policyHash }: PruneBackupInput): boolean =>
  clients.hsmConfig(hsm).prune === 'delete' &&
  configuredPolicyHash(clients, hsm) === policyHash &&
  Date.now() - Date.parse(at) <= PLAN_GOOD_FOR_MS;

/** The last look before anything is deleted: another HSM may keep its backups, or its copies, in the same container. */
export function expectFolderOf(hsm: string, folder: string): void {
  if (!isFolderOf(hsm, folder))
    throw new OperatorError(`${folder} is no backup of ${hsm}.`, 'This is a defect of hsmkeep: please report it.');
}

/** Nothing is left of the backup itself. */
async function endRecord(store: BlobStore, { hsm, folder, at }: PruneBackupInput, copies: string | undefined): Promise<void> {
  let isKept = false;
  await updateRecord(store, hsm, folder, (record) => {
    isKept = record?.gone !== undefined && isCopyIn(record.copy, copies);
    return record?.gone && isKept ? { ...record, gone: { ...record.gone, removedAt: at } } : undefined;
  });
  if (!isKept) await store.remove(recordPath(hsm, folder));
}

/** Marks the record gone, guarded by its ETag, if it may and the record still is as the plan saw it. `missing`: an earlier call has finished. */
async function giveUp(
  store: BlobStore,
  { hsm, run, at, folder, markedAt }: PruneBackupInput,
  mayGiveUp: boolean,
): Promise<'gone' | 'spared' | 'missing'> {
  let state: 'gone' | 'spared' | 'missing' = 'missing';
  await updateRecord(store, hsm, folder, (record) => {
    state = stateOf(record, mayGiveUp ? markedAt : null, at);
    return record && state === 'gone' && !record.gone ? { ...record, gone: { at, run } } : undefined;
  });
  return state;
}

function stateOf(record: BackupRecord | undefined, planned: string | null, at: string): 'gone' | 'spared' | 'missing' {
  if (!record) return 'missing';
  if (record.gone) return 'gone';
  return planned !== null && markOf(record) === planned && !isHeld(record, at) ? 'gone' : 'spared';
}

/** All blobs of a backup, or of its copy, but its record. */
export async function* contentOf(store: BlobStore, hsm: string, folder: string): AsyncGenerator<string> {
  for await (const { name } of store.listBlobs(`${folder}/`)) yield name;
  yield manifestPath(hsm, folder);
  yield inventoryPath(hsm, folder);
}
