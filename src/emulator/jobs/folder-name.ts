import type { DatabaseSync } from 'node:sqlite';

const HUNDREDTH_MS = 10;

export function createFolderTable(db: DatabaseSync): void {
  db.exec('create table if not exists backup_folder (name text primary key) strict');
}

/**
 * Takes a new name `mhsm-<hsm>-<yyyyMMddHHmmssff>`, UTC, the last two digits hundredths of a second. No name is given twice, even when two
 * backups start within a hundredth of a second or the clock was moved back.
 */
export function takeFolderName(db: DatabaseSync, hsm: string, nowMs: number): string {
  const insert = db.prepare('insert into backup_folder (name) values (?) on conflict do nothing');
  for (let at = nowMs; ; at += HUNDREDTH_MS) {
    const name = `mhsm-${hsm}-${digits(at)}`;
    if (insert.run(name).changes === 1) return name;
  }
}

/** `2025-01-02T03:04:05.170Z` is `2025010203040517`. */
const digits = (ms: number) =>
  new Date(ms)
    .toISOString()
    .replace(/[-:T.Z]/g, '')
    .slice(0, 16);

/** When the backup in a folder was started, in epoch milliseconds; undefined when the name is of another form. */
export function takenAtOf(folder: string): number | undefined {
  const [, year, month, day, hour, minute, second, hundredths] = /^mhsm-.+-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(folder) ?? [];
  return year === undefined ? undefined : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${hundredths}0Z`);
}
