import { randomBytes, randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { atomically, ensureSchema, prepared } from '../objects/database.ts';
import { type EmulatorClock, ServiceError } from '../service.ts';

export const KEY_NAMES = ['key1', 'key2'] as const;
export type KeyName = (typeof KEY_NAMES)[number];

/** A key of an account. `createdAt` ISO 8601 UTC, as `creationTime` has it. */
export type AccountKey = Readonly<{ name: KeyName; value: string; createdAt: string }>;

/** `regenerateMs`: emulated time that a key takes to be made; 0 = it is there with the answer (200), else 202 and an operation to poll. */
export const armSchema = z.strictObject({ regenerateMs: z.int().min(0).default(0) });
export type ArmSettings = z.infer<typeof armSchema>;

const KEY_BYTES = 64;
const SCHEMA = `
  create table if not exists storage_account_keys (
    account text not null collate nocase, name text not null, value text not null, created_at text not null,
    primary key (account, name)
  ) without rowid;
  create table if not exists storage_operations (
    id text primary key, account text not null collate nocase, key_name text not null, ends_ms integer not null, done integer not null default 0
  ) without rowid;
`;

/** The storage accounts of the emulator's one subscription and their keys, in the emulator's database. */
export class StorageAccounts {
  readonly names: readonly string[];
  readonly #db: DatabaseSync;
  readonly #clock: EmulatorClock;
  #settings: ArmSettings = { regenerateMs: 0 };

  constructor(db: DatabaseSync, clock: EmulatorClock, names: readonly string[]) {
    ensureSchema(db, SCHEMA);
    this.names = names;
    this.#db = db;
    this.#clock = clock;
    for (const account of names) for (const name of KEY_NAMES) if (!this.#keyOf(account, name)) this.#put(account, name);
  }

  get settings(): ArmSettings {
    return this.#settings;
  }

  set(settings: ArmSettings): ArmSettings {
    this.#settings = settings;
    return settings;
  }

  /** Both keys, key1 first. */
  keys(account: string): AccountKey[] {
    this.#settle();
    return KEY_NAMES.flatMap((name) => this.#keyOf(account, name) ?? []);
  }

  /** Makes a key anew. @returns The id of the operation where that takes time. @throws {ServiceError} 409 while one is under way */
  regenerate(account: string, name: KeyName): string | undefined {
    this.#settle();
    if (prepared(this.#db, 'select 1 from storage_operations where account = ? and done = 0').get(account))
      throw new ServiceError(
        409,
        'StorageAccountOperationInProgress',
        'An operation is currently performing on this storage account that requires exclusive access.',
      );
    const ms = this.#settings.regenerateMs;
    if (ms === 0) {
      this.#put(account, name);
      return undefined;
    }
    const id = randomUUID();
    prepared(this.#db, 'insert into storage_operations (id, account, key_name, ends_ms) values (?, ?, ?, ?)').run(
      id,
      account,
      name,
      Math.round(this.#clock.now() + ms),
    );
    return id;
  }

  /** Undefined for an operation that never was. */
  operation(id: string): 'running' | 'done' | undefined {
    this.#settle();
    const row = prepared(this.#db, 'select done from storage_operations where id = ?').get(id);
    return row && (row['done'] === 1 ? 'done' : 'running');
  }

  /** As Azurite takes them: `name:key1:key2;…`. */
  forAzurite(): string {
    return this.names.map((account) => [account, ...this.keys(account).map(({ value }) => value)].join(':')).join(';');
  }

  /** Lets every operation end whose time has come. */
  #settle(): void {
    atomically(this.#db, () => {
      const due = prepared(this.#db, 'select id, account, key_name from storage_operations where done = 0 and ends_ms <= ?').all(
        this.#clock.now(),
      );
      for (const { id, account, key_name } of due) {
        this.#put(String(account), key_name as KeyName);
        prepared(this.#db, 'update storage_operations set done = 1 where id = ?').run(id ?? null);
      }
    });
  }

  #keyOf(account: string, name: KeyName): AccountKey | undefined {
    const row = prepared(this.#db, 'select * from storage_account_keys where account = ? and name = ?').get(account, name);
    return row && { name, value: String(row['value']), createdAt: String(row['created_at']) };
  }

  #put(account: string, name: KeyName): void {
    prepared(this.#db, 'insert or replace into storage_account_keys (account, name, value, created_at) values (?, ?, ?, ?)').run(
      account,
      name,
      randomBytes(KEY_BYTES).toString('base64'),
      new Date(this.#clock.now()).toISOString(),
    );
  }
}
