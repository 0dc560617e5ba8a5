import type { DatabaseSync } from 'node:sqlite';
import { atomically, ensureSchema, prepared } from '../objects/database.ts';
import type { KeyRecord, KeyVersion } from './record.ts';

export type { KeyRecord } from './record.ts';

/** A key's name in one HSM. A key is deleted at once, without intermediate states; times are Unix seconds. */
export type StoredKey = Readonly<{
  /** With the letter case that it was created with. */
  name: string;
  deletedAt: number | null;
  purgeAt: number | null;
}>;

const SCHEMA = `
  create table if not exists hsm_keys (
    hsm text not null, name text not null collate nocase, deleted_at integer, purge_at integer,
    primary key (hsm, name)
  ) without rowid;
  create table if not exists hsm_key_versions (
    sequence integer primary key autoincrement,
    hsm text not null, name text not null collate nocase, version text not null, document text not null,
    unique (hsm, name, version),
    foreign key (hsm, name) references hsm_keys (hsm, name) on delete cascade
  );
  create index if not exists hsm_key_versions_newest on hsm_key_versions (hsm, name, sequence);
`;

const IS_NEWEST = 'sequence = (select max(n.sequence) from hsm_key_versions n where n.hsm = v.hsm and n.name = v.name)';

type Row = Record<string, unknown>;

/** The keys of one HSM in the emulator's database. Names are compared without regard to case. */
export class KeyStore {
  readonly #db: DatabaseSync;
  readonly #hsm: string;

  constructor(db: DatabaseSync, hsm: string) {
    ensureSchema(db, SCHEMA);
    this.#db = db;
    this.#hsm = hsm;
  }

  /** All of `work` or nothing. */
  atomically<T>(work: () => T): T {
    return atomically(this.#db, work);
  }

  /** Purges what was deleted so long ago that nobody can recover it any more. */
  purgeDue(now: number): void {
    this.#sql('delete from hsm_keys where hsm = ? and purge_at <= ?').run(this.#hsm, now);
  }

  key(name: string): StoredKey | undefined {
    const row = this.#sql('select * from hsm_keys where hsm = ? and name = ?').get(this.#hsm, name);
    return row && toKey(row);
  }

  /** Creates a live key without versions; one that exists keeps its state and its letter case. */
  ensureKey(name: string): StoredKey {
    this.#sql('insert into hsm_keys (hsm, name) values (?, ?) on conflict do nothing').run(this.#hsm, name);
    return this.key(name) as StoredKey;
  }

  setDeleted({ name, deletedAt, purgeAt }: StoredKey): void {
    this.#sql('update hsm_keys set deleted_at = ?, purge_at = ? where hsm = ? and name = ?').run(deletedAt, purgeAt, this.#hsm, name);
  }

  /** Removes a key with all its versions. */
  purge(name: string): void {
    this.#sql('delete from hsm_keys where hsm = ? and name = ?').run(this.#hsm, name);
  }

  purgeAll(): void {
    this.#sql('delete from hsm_keys where hsm = ?').run(this.#hsm);
  }

  addVersion(name: string, version: KeyVersion): void {
    this.#sql('insert into hsm_key_versions (hsm, name, version, document) values (?, ?, ?, ?)').run(
      this.#hsm,
      name,
      version.version,
      JSON.stringify(version),
    );
  }

  saveVersion(name: string, version: KeyVersion): void {
    this.#sql('update hsm_key_versions set document = ? where hsm = ? and name = ? and version = ?').run(
      JSON.stringify(version),
      this.#hsm,
      name,
      version.version,
    );
  }

  /** One version, or the newest. */
  version(name: string, version?: string): KeyVersion | undefined {
    const row =
      version === undefined
        ? this.#sql('select document from hsm_key_versions where hsm = ? and name = ? order by sequence desc limit 1').get(this.#hsm, name)
        : this.#sql('select document from hsm_key_versions where hsm = ? and name = ? and version = ?').get(this.#hsm, name, version);
    return row && toVersion(row);
  }

  /** Oldest first. */
  allVersions(name: string): KeyVersion[] {
    const rows = this.#sql('select document from hsm_key_versions where hsm = ? and name = ? order by sequence').all(this.#hsm, name);
    return rows.map(toVersion);
  }

  /** By version identifier, from the first after `after`; empty unless the key is live. */
  versionsAfter(name: string, after: string, limit: number): KeyVersion[] {
    const rows = this.#sql(
      `select v.document from hsm_key_versions v join hsm_keys k using (hsm, name)
       where v.hsm = ? and v.name = ? and k.deleted_at is null and v.version > ? order by v.version limit ?`,
    ).all(this.#hsm, name, after, limit);
    return rows.map(toVersion);
  }

  /** Newest version of each live (or each deleted) key, by name, from the first name after `after`. */
  newestAfter(which: 'live' | 'deleted', after: string, limit: number): Array<{ key: StoredKey; version: KeyVersion }> {
    const state = which === 'live' ? 'is null' : 'is not null';
    const rows = this.#sql(
      `select k.name, k.deleted_at, k.purge_at, v.document
       from hsm_keys k join hsm_key_versions v on v.hsm = k.hsm and v.name = k.name
       where k.hsm = ? and k.deleted_at ${state} and k.name > ? and ${IS_NEWEST} order by k.name limit ?`,
    ).all(this.#hsm, after, limit);
    return rows.map((row) => ({ key: toKey(row), version: toVersion(row) }));
  }

  liveNames(): string[] {
    const rows = this.#sql('select name from hsm_keys where hsm = ? and deleted_at is null order by name').all(this.#hsm);
    return rows.map((row) => row['name'] as string);
  }

  #sql(text: string) {
    return prepared(this.#db, text);
  }
}

/** Every live key of one HSM, private parts included, by name. Soft-deleted keys are left out. */
export function exportKeys(db: DatabaseSync, hsm: string): KeyRecord[] {
  const store = new KeyStore(db, hsm);
  return store.liveNames().map((name) => ({ name, versions: store.allVersions(name) }));
}

/**
 * Adds keys to one HSM, in one transaction. With `replaceAll` the HSM afterwards holds these keys and nothing else,
 * soft-deleted keys included; without it a key whose name is taken stays as it is.
 */
export function importKeys(db: DatabaseSync, hsm: string, records: readonly KeyRecord[], { replaceAll }: { replaceAll: boolean }): void {
  const store = new KeyStore(db, hsm);
  store.atomically(() => {
    if (replaceAll) store.purgeAll();
    for (const record of records) addUnlessTaken(store, record);
  });
}

/**
 * Brings back one key from a backup's records, as a selective restore does: only if the name is free, so a live or a
 * soft-deleted key must have been purged before.
 *
 * @returns Counts of key versions; both are 0 when the records do not hold the key.
 */
export function restoreKey(
  db: DatabaseSync,
  hsm: string,
  name: string,
  records: readonly KeyRecord[],
): { restored: number; couldNotOverwrite: number } {
  const record = records.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
  if (!record) return { restored: 0, couldNotOverwrite: 0 };

  const store = new KeyStore(db, hsm);
  const count = record.versions.length;
  const added = store.atomically(() => addUnlessTaken(store, record));
  return added ? { restored: count, couldNotOverwrite: 0 } : { restored: 0, couldNotOverwrite: count };
}

/** Whether the key was added: a name that is in use, also by a deleted key, is left alone. */
export function addUnlessTaken(store: KeyStore, { name, versions }: KeyRecord): boolean {
  if (store.key(name)) return false;
  store.ensureKey(name);
  for (const version of versions) store.addVersion(name, version);
  return true;
}

const toKey = (row: Row): StoredKey => ({
  name: row['name'] as string,
  deletedAt: row['deleted_at'] as number | null,
  purgeAt: row['purge_at'] as number | null,
});

const toVersion = (row: Row): KeyVersion => JSON.parse(row['document'] as string);
