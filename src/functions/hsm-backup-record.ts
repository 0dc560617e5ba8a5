import type { HttpResponseInit } from '@azure/functions';
import { updateDocument } from '../clients/blob-store.ts';
import type { Clients } from '../clients/clients.ts';
import { TransientError } from '../clients/errors.ts';
import { parseDocument } from '../domain/documents.ts';
import { isFolderOf } from '../domain/folder.ts';
import { type BackupRecord, recordPath, viewOfRecord } from '../domain/record.ts';
import { HttpProblem } from './problem.ts';
import { prunedAlready } from './retention-problems.ts';

/**
 * Changes the record of one backup, guarded by its ETag.
 *
 * @returns 200 with the backup as it is now.
 * @throws {HttpProblem} 404 when there is no record of it; 410 when retention has given it up.
 */
export async function changeRecord(
  clients: Clients,
  params: Readonly<Record<string, string>>,
  change: (record: BackupRecord) => BackupRecord,
): Promise<HttpResponseInit> {
  const { name } = clients.hsmConfig(params['hsm'] ?? '');
  const folder = params['folder'] ?? '';
  if (!isFolderOf(name, folder)) throw noRecord(name, folder);
  const path = recordPath(name, folder);

  let changed: BackupRecord | undefined;
  const written = await updateDocument(clients.backups(name), path, (text) => {
    if (text === undefined) throw noRecord(name, folder);
    const record = parseDocument<BackupRecord>(text, 'hsmkeep.record/1', path);
    if (record.gone) throw prunedAlready(folder);
    changed = change(record);
    return JSON.stringify(changed);
  });
  if (!written || !changed) throw new TransientError(`the record of ${folder} kept being changed by others`);
  return { jsonBody: { backup: viewOfRecord(changed), record: changed } };
}

const noRecord = (hsm: string, folder: string): HttpProblem =>
  new HttpProblem(404, {
    message: `There is no record of a backup ${folder} of ${hsm}.`,
    hint: `GET /api/hsms/${hsm}/backups lists them. Retention never deletes a backup that is not recorded.`,
  });
