import type { HttpResponseInit } from '@azure/functions';
import type { Clients } from '../clients/clients.ts';
import { updateRecord } from '../clients/records.ts';
import { isFolderOf } from '../domain/folder.ts';
import { type BackupRecord, viewOfRecord } from '../domain/record.ts';
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

  const changed = await updateRecord(clients.backups(name), name, folder, (record) => {
    if (record?.gone) throw prunedAlready(folder);
    return record && change(record);
  });
  if (!changed) throw noRecord(name, folder);
  return { jsonBody: { backup: viewOfRecord(changed), record: changed } };
}

const noRecord = (hsm: string, folder: string): HttpProblem =>
  new HttpProblem(404, {
    message: `There is no record of a backup ${folder} of ${hsm}.`,
    hint: `GET /api/hsms/${hsm}/backups lists them. Retention never deletes a backup that is not recorded.`,
  });
