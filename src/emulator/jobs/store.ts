import type { DatabaseSync } from 'node:sqlite';
import type { StorageTarget } from './storage-target.ts';

export type BackupKind = 'backup' | 'preBackup';
export type RestoreKind = 'restore' | 'preRestore' | 'selectiveRestore';
export type JobKind = BackupKind | RestoreKind;

/** What a job is to do; kept with it, so that it can go on after a restart. `storage` is absent where a pre-check named none. */
export type JobInput =
  | Readonly<{ kind: 'backup'; storage: StorageTarget; folder: string }>
  | Readonly<{ kind: 'preBackup'; storage?: StorageTarget }>
  | Readonly<{ kind: 'restore'; storage: StorageTarget; folder: string }>
  | Readonly<{ kind: 'preRestore'; storage?: StorageTarget; folder?: string }>
  | Readonly<{ kind: 'selectiveRestore'; storage: StorageTarget; folder: string; key: string }>;

export type JobError = Readonly<{ code: string; message: string }>;

/** Times are epoch milliseconds by the emulator's clock. `input` is null once the job has ended: it may hold a SAS token. */
export type Job = Readonly<{
  id: string;
  hsm: string;
  kind: JobKind;
  status: 'InProgress' | 'Succeeded' | 'Failed';
  startedAtMs: number;
  dueAtMs: number;
  endedAtMs: number | null;
  statusDetails: string | null;
  error: JobError | null;
  /** URL of the folder, once a backup has succeeded. */
  folderUri: string | null;
  input: JobInput | null;
}>;

export type JobEnd = Pick<Job, 'status' | 'endedAtMs' | 'statusDetails' | 'error' | 'folderUri'>;

type JobRow = Omit<Job, 'error' | 'input'> & { error: string | null; input: string | null };

const COLUMNS = `id, hsm, kind, status, started_at_ms as startedAtMs, due_at_ms as dueAtMs, ended_at_ms as endedAtMs,
  status_details as statusDetails, error, folder_uri as folderUri, input`;

export function createJobTable(db: DatabaseSync): void {
  db.exec(`
    create table if not exists job (
      id text primary key, hsm text not null, kind text not null, status text not null, started_at_ms integer not null,
      due_at_ms integer not null, ended_at_ms integer, status_details text, error text, folder_uri text, input text) strict;
    create index if not exists job_by_hsm on job (hsm, status);`);
}

export function insertJob(db: DatabaseSync, { id, hsm, kind, startedAtMs, dueAtMs, input }: Job): void {
  db.prepare('insert into job (id, hsm, kind, status, started_at_ms, due_at_ms, input) values (?, ?, ?, ?, ?, ?, ?)').run(
    id,
    hsm,
    kind,
    'InProgress',
    startedAtMs,
    dueAtMs,
    JSON.stringify(input),
  );
}

export function endJob(db: DatabaseSync, id: string, end: JobEnd): void {
  db.prepare('update job set status = ?, ended_at_ms = ?, status_details = ?, error = ?, folder_uri = ?, input = null where id = ?').run(
    end.status,
    end.endedAtMs,
    end.statusDetails,
    end.error && JSON.stringify(end.error),
    end.folderUri,
    id,
  );
}

export const findJob = (db: DatabaseSync, hsm: string, id: string): Job | undefined =>
  one(db.prepare(`select ${COLUMNS} from job where hsm = ? and id = ?`).get(hsm, id));

/** An HSM runs one job at a time. */
export const runningJob = (db: DatabaseSync, hsm: string): Job | undefined =>
  one(db.prepare(`select ${COLUMNS} from job where hsm = ? and status = 'InProgress'`).get(hsm));

export const runningJobs = (db: DatabaseSync): Job[] =>
  (db.prepare(`select ${COLUMNS} from job where status = 'InProgress'`).all() as JobRow[]).map(toJob);

/** When the latest restore of an HSM ended, full or of one key. */
export function lastRestoreEnd(db: DatabaseSync, hsm: string): number | undefined {
  const row = db
    .prepare(
      `select max(ended_at_ms) as ended from job where hsm = ? and status <> 'InProgress' and kind in ('restore', 'selectiveRestore')`,
    )
    .get(hsm) as { ended: number | null };
  return row.ended ?? undefined;
}

const one = (row: unknown) => (row === undefined ? undefined : toJob(row as JobRow));

const toJob = (row: JobRow): Job => ({
  ...row,
  error: row.error === null ? null : JSON.parse(row.error),
  input: row.input === null ? null : JSON.parse(row.input),
});
