import type { DatabaseSync } from 'node:sqlite';
import { atomically, ensureSchema, prepared } from '../objects/database.ts';

/** Where a secret's name stands in soft delete; only a live secret can be read, only a deleted one recovered or purged. */
export type SecretState = 'live' | 'deleting' | 'deleted' | 'recovering' | 'purging';

/** Times are Unix seconds unless named otherwise. */
export type StoredSecret = Readonly<{
  /** With the letter case that it was first set with. */
  name: string;
  state: SecretState;
  /** When the state ends by itself, in epoch milliseconds; null for a live secret. */
  endsMs: number | null;
  deletedAt: number | null;
  purgeAt: number | null;
}>;

export type StoredVersion = Readonly<{
  name: string;
  /** 32 lower-case hexadecimal digits. */
  version: string;
  value: string;
  contentType: string | undefined;
  enabled: boolean;
  nbf: number | undefined;
  exp: number | undefined;
  created: number;
  updated: number;
  tags: Readonly<Record<string, string>> | undefined;
  /** Which announcements about its expiry were made. */
  announced: Announced;
}>;

export const ANNOUNCED = { nothing: 0, nearExpiry: 1, expiry: 2 } as const;
export type Announced = (typeof ANNOUNCED)[keyof typeof ANNOUNCED];

const SCHEMA = `
  create table if not exists vault_secrets (
    vault text not null, name text not null collate nocase,
    state text not null, ends_ms integer, deleted_at integer, purge_at integer,
    primary key (vault, name)
  ) without rowid;
  create index if not exists vault_secrets_passing on vault_secrets (vault, ends_ms) where ends_ms is not null;
  create table if not exists vault_secret_versions (
    sequence integer primary key autoincrement,
    vault text not null, name text not null collate nocase, version text not null,
    value text not null, content_type text, enabled integer not null, nbf integer, exp integer,
    created integer not null, updated integer not null, tags text, announced integer not null default 0,
    unique (vault, name, version),
    foreign key (vault, name) references vault_secrets (vault, name) on delete cascade
  );
  create index if not exists vault_secret_versions_newest on vault_secret_versions (vault, name, sequence);
  create index if not exists vault_secret_versions_expiring on vault_secret_versions (vault, exp) where exp is not null and announced < 2;
`;

const IS_NEWEST = 'sequence = (select max(n.sequence) from vault_secret_versions n where n.vault = v.vault and n.name = v.name)';

type Row = Record<string, unknown>;

/** The secrets of one vault in the emulator's database. Names are compared without regard to case. */
export class SecretStore {
  readonly #db: DatabaseSync;
  readonly #vault: string;

  constructor(db: DatabaseSync, vault: string) {
    ensureSchema(db, SCHEMA);
    this.#db = db;
    this.#vault = vault;
  }

  /** All of `work` or nothing. */
  atomically<T>(work: () => T): T {
    return atomically(this.#db, work);
  }

  /** Lets every intermediate state end whose time has come. Call before anything is read. */
  settle(nowMs: number): void {
    const due = [this.#vault, nowMs] as const;
    this.#sql(
      `update vault_secrets set state = 'deleted', ends_ms = purge_at * 1000 where vault = ? and ends_ms <= ? and state = 'deleting'`,
    ).run(...due);
    this.#sql(
      `update vault_secrets set state = 'live', ends_ms = null, deleted_at = null, purge_at = null
       where vault = ? and ends_ms <= ? and state = 'recovering'`,
    ).run(...due);
    this.#sql(`delete from vault_secrets where vault = ? and ends_ms <= ? and state in ('deleted', 'purging')`).run(...due);
  }

  secret(name: string): StoredSecret | undefined {
    const row = this.#sql('select * from vault_secrets where vault = ? and name = ?').get(this.#vault, name);
    return row && toSecret(row);
  }

  /** Creates a live secret without versions; one that exists keeps its state and its letter case. */
  ensureSecret(name: string): StoredSecret {
    this.#sql(`insert into vault_secrets (vault, name, state) values (?, ?, 'live') on conflict do nothing`).run(this.#vault, name);
    return this.secret(name) as StoredSecret;
  }

  setState(name: string, { state, endsMs, deletedAt, purgeAt }: Omit<StoredSecret, 'name'>): void {
    this.#sql('update vault_secrets set state = ?, ends_ms = ?, deleted_at = ?, purge_at = ? where vault = ? and name = ?').run(
      state,
      endsMs,
      deletedAt,
      purgeAt,
      this.#vault,
      name,
    );
  }

  addVersion(version: StoredVersion): void {
    this.#sql(
      `insert into vault_secret_versions
         (vault, name, version, value, content_type, enabled, nbf, exp, created, updated, tags, announced)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(this.#vault, version.name, version.version, version.value, ...changeable(version), version.announced);
  }

  /** Writes what an update may change: attributes, content type, tags, `created` and `updated`. */
  saveVersion(version: StoredVersion): void {
    this.#sql(
      `update vault_secret_versions set content_type = ?, enabled = ?, nbf = ?, exp = ?, created = ?, updated = ?, tags = ?
       where vault = ? and name = ? and version = ?`,
    ).run(...changeable(version), this.#vault, version.name, version.version);
  }

  /** One version, or the newest. */
  version(name: string, version?: string): StoredVersion | undefined {
    const row =
      version === undefined
        ? this.#sql('select * from vault_secret_versions where vault = ? and name = ? order by sequence desc limit 1').get(
            this.#vault,
            name,
          )
        : this.#sql('select * from vault_secret_versions where vault = ? and name = ? and version = ?').get(this.#vault, name, version);
    return row && toVersion(row);
  }

  /** Oldest first. */
  allVersions(name: string): StoredVersion[] {
    const rows = this.#sql('select * from vault_secret_versions where vault = ? and name = ? order by sequence').all(this.#vault, name);
    return rows.map(toVersion);
  }

  /** By version identifier, from the first after `after`; empty unless the secret is live. */
  versionsAfter(name: string, after: string, limit: number): StoredVersion[] {
    const rows = this.#sql(
      `select v.* from vault_secret_versions v join vault_secrets s using (vault, name)
       where v.vault = ? and v.name = ? and s.state = 'live' and v.version > ? order by v.version limit ?`,
    ).all(this.#vault, name, after, limit);
    return rows.map(toVersion);
  }

  /** Newest version of each secret in one state, by name, from the first name after `after`. */
  newestAfter(state: SecretState, after: string, limit: number): Array<{ secret: StoredSecret; version: StoredVersion }> {
    const rows = this.#sql(
      `select v.*, s.name as name, s.state, s.ends_ms, s.deleted_at, s.purge_at
       from vault_secrets s join vault_secret_versions v on v.vault = s.vault and v.name = s.name
       where s.vault = ? and s.state = ? and s.name > ? and ${IS_NEWEST} order by s.name limit ?`,
    ).all(this.#vault, state, after, limit);
    return rows.map((row) => ({ secret: toSecret(row), version: toVersion(row) }));
  }

  /** Newest versions of live secrets that expire by `nearBy`, or have expired at `now`, and were not announced as such. */
  toAnnounce(now: number, nearBy: number): StoredVersion[] {
    const rows = this.#sql(
      `select v.* from vault_secret_versions v join vault_secrets s using (vault, name)
       where v.vault = ? and s.state = 'live' and v.exp is not null and v.exp <= ? and v.announced < 2
         and (v.announced = 0 or v.exp <= ?) and ${IS_NEWEST} order by v.exp`,
    ).all(this.#vault, nearBy, now);
    return rows.map(toVersion);
  }

  setAnnounced(name: string, version: string, announced: Announced): void {
    this.#sql('update vault_secret_versions set announced = ? where vault = ? and name = ? and version = ?').run(
      announced,
      this.#vault,
      name,
      version,
    );
  }

  #sql(text: string) {
    return prepared(this.#db, text);
  }
}

const changeable = ({ contentType, enabled, nbf, exp, created, updated, tags }: StoredVersion) => [
  contentType ?? null,
  enabled ? 1 : 0,
  nbf ?? null,
  exp ?? null,
  created,
  updated,
  tags === undefined ? null : JSON.stringify(tags),
];

const toSecret = (row: Row): StoredSecret => ({
  name: row['name'] as string,
  state: row['state'] as SecretState,
  endsMs: row['ends_ms'] as number | null,
  deletedAt: row['deleted_at'] as number | null,
  purgeAt: row['purge_at'] as number | null,
});

const toVersion = (row: Row): StoredVersion => ({
  name: row['name'] as string,
  version: row['version'] as string,
  value: row['value'] as string,
  contentType: (row['content_type'] as string | null) ?? undefined,
  enabled: row['enabled'] === 1,
  nbf: (row['nbf'] as number | null) ?? undefined,
  exp: (row['exp'] as number | null) ?? undefined,
  created: row['created'] as number,
  updated: row['updated'] as number,
  tags: row['tags'] === null ? undefined : JSON.parse(row['tags'] as string),
  announced: row['announced'] as Announced,
});
