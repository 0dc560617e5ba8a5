import type { DatabaseSync } from 'node:sqlite';

/** Creates the table of the emulator's own small facts: clock, ports, keys, tenant. */
export function createSettings(db: DatabaseSync): void {
  db.exec('create table if not exists setting (name text primary key, value text not null) strict');
}

/** The JSON value kept under a name; undefined when there is none. */
export function readSetting<T>(db: DatabaseSync, name: string): T | undefined {
  const row = db.prepare('select value from setting where name = ?').get(name) as { value: string } | undefined;
  return row && (JSON.parse(row.value) as T);
}

export function writeSetting(db: DatabaseSync, name: string, value: unknown): void {
  db.prepare('insert into setting (name, value) values (?, ?) on conflict do update set value = excluded.value').run(
    name,
    JSON.stringify(value),
  );
}

/** The value kept under a name, made and kept on first use. */
export function settingOr<T>(db: DatabaseSync, name: string, make: () => T): T {
  const found = readSetting<T>(db, name);
  if (found !== undefined) return found;
  const made = make();
  writeSetting(db, name, made);
  return made;
}
