import type { BlobStore } from '../clients/blob-store.ts';
import { readBackupContent } from '../clients/restores.ts';
import type { ProofLevel } from '../domain/backup.ts';
import { NotFoundError } from '../domain/errors.ts';
import { isProven } from '../domain/record.ts';
import { narrowTo } from '../domain/restore/content.ts';
import type { BackupSelector } from '../domain/restore/plan.ts';
import type { BackupView } from '../domain/views.ts';

/**
 * Finds the backup that a selector means.
 *
 * @param backups All backups of the HSM, newest first.
 * @throws {NotFoundError} when there is none.
 */
export async function chooseRestoreBackup(
  store: BlobStore,
  hsm: string,
  backups: readonly BackupView[],
  selector: BackupSelector,
  countsFrom: ProofLevel,
): Promise<BackupView> {
  const proven = backups.filter((backup) => isProven(backup, countsFrom));
  const chosen = await choose(store, hsm, { backups, proven }, selector);
  if (chosen) return chosen;
  throw new NotFoundError(
    `There is no ${'folder' in selector ? '' : 'proven '}backup of ${hsm} ${inWords(selector)}.`,
    `List them with \`hsmkeep backup list ${hsm}\`.`,
  );
}

async function choose(
  store: BlobStore,
  hsm: string,
  { backups, proven }: Readonly<{ backups: readonly BackupView[]; proven: readonly BackupView[] }>,
  selector: BackupSelector,
): Promise<BackupView | undefined> {
  if ('folder' in selector) return backups.find(({ folder }) => folder === selector.folder);
  if ('at' in selector) {
    const at = Date.parse(selector.at);
    return proven.find(({ takenAt }) => Date.parse(takenAt) <= at);
  }
  for (const backup of proven) if (await holdsVersion(store, hsm, backup.folder, selector)) return backup;
  return undefined;
}

async function holdsVersion(
  store: BlobStore,
  hsm: string,
  folder: string,
  { key, version }: Readonly<{ key: string; version: string }>,
): Promise<boolean> {
  const { keys } = narrowTo((await readBackupContent(store, hsm, folder)).content, { key });
  return keys !== 'unreadable' && keys.some(({ versions }) => versions.some((each) => each.version === version));
}

function inWords(selector: BackupSelector): string {
  if ('folder' in selector) return `called ${selector.folder}`;
  return 'at' in selector ? `of ${selector.at} or before` : `that holds version ${selector.version} of key ${selector.key}`;
}
