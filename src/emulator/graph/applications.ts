import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Principal } from '../identity/directory.ts';
import { atomically, ensureSchema, prepared } from '../objects/database.ts';
import { type EmulatorClock, ServiceError } from '../service.ts';

/** An application registration. `clientSecret` is the secret that it was made with, named `initial`. */
export type Application = Readonly<{ name: string; id: string; clientId: string; clientSecret: string }>;

/** A secret of an application as Graph shows it. Times are ISO 8601 UTC. */
export type PasswordCredential = Readonly<{
  keyId: string;
  displayName: string | null;
  hint: string;
  startDateTime: string;
  endDateTime: string;
}>;

/**
 * How slowly a new secret becomes known, in emulated milliseconds: `worksAfterMs` until the first server of the token endpoint takes it, then
 * `flapsForMs` until the last does; `listedAfterMs` until it is listed.
 */
export const graphSchema = z.strictObject({
  worksAfterMs: z.int().min(0).default(0),
  flapsForMs: z.int().min(0).default(0),
  listedAfterMs: z.int().min(0).default(0),
});
export type GraphSettings = z.infer<typeof graphSchema>;

/** Servers of the token endpoint, which take turns. */
const REPLICAS = 3;
/** A secret without an end is valid for two years. */
const DEFAULT_LIFE_MS = 2 * 365 * 24 * 3600 * 1000;
const HINT_LETTERS = 3;

const SCHEMA = `
  create table if not exists graph_applications (
    name text primary key collate nocase, id text not null unique, client_id text not null unique, sp_id text not null
  ) without rowid;
  create table if not exists graph_passwords (
    sequence integer primary key autoincrement, key_id text not null unique, application text not null, display_name text,
    secret text not null, starts text not null, ends text not null, made_ms integer not null
  );
`;
type Row = Record<string, unknown>;

/** The application registrations of the emulated tenant and their secrets, in the emulator's database. */
export class Applications {
  readonly #db: DatabaseSync;
  readonly #clock: EmulatorClock;
  #settings: GraphSettings;
  #turn = 0;

  constructor(db: DatabaseSync, clock: EmulatorClock, names: readonly string[]) {
    ensureSchema(db, SCHEMA);
    this.#db = db;
    this.#clock = clock;
    this.#settings = { worksAfterMs: clock.scaled(4_000), flapsForMs: clock.scaled(14_000), listedAfterMs: clock.scaled(1_000) };
    for (const name of names) this.#ensure(name);
  }

  get settings(): GraphSettings {
    return this.#settings;
  }

  set(settings: GraphSettings): GraphSettings {
    this.#settings = settings;
    return settings;
  }

  list(): Application[] {
    return this.#sql('select * from graph_applications order by name')
      .all()
      .map((row) => ({
        name: String(row['name']),
        id: String(row['id']),
        clientId: String(row['client_id']),
        clientSecret: String(
          this.#sql(`select secret from graph_passwords where application = ? order by sequence`).get(row['id'] ?? null)?.['secret'] ?? '',
        ),
      }));
  }

  /** @throws {ServiceError} 404 */
  application(id: string): Readonly<{ id: string; clientId: string; displayName: string; passwordCredentials: PasswordCredential[] }> {
    const row = this.#sql('select * from graph_applications where id = ?').get(id.toLowerCase());
    if (!row)
      throw new ServiceError(
        404,
        'Request_ResourceNotFound',
        `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
      );
    const listed = this.#clock.now() - this.#settings.listedAfterMs;
    const rows = this.#sql('select * from graph_passwords where application = ? and made_ms <= ? order by sequence').all(
      row['id'] ?? null,
      listed,
    );
    return {
      id: String(row['id']),
      clientId: String(row['client_id']),
      displayName: String(row['name']),
      passwordCredentials: rows.map(toCredential),
    };
  }

  /** The only time at which the secret's text is told. @throws {ServiceError} */
  addPassword(
    id: string,
    displayName: string | null,
    endDateTime: string | undefined,
  ): PasswordCredential & Readonly<{ secretText: string }> {
    const { id: application } = this.application(id);
    const now = this.#clock.now();
    const ends = endDateTime === undefined ? new Date(now + DEFAULT_LIFE_MS) : new Date(endDateTime);
    if (!(ends.getTime() > now)) throw new ServiceError(400, 'Request_BadRequest', "Invalid value specified for property 'endDateTime'.");
    const secretText = newSecret();
    const row = { key_id: randomUUID(), display_name: displayName, secret: secretText, starts: iso(now), ends: ends.toISOString() };
    this.#sql(
      'insert into graph_passwords (key_id, application, display_name, secret, starts, ends, made_ms) values (?, ?, ?, ?, ?, ?, ?)',
    ).run(row.key_id, application, displayName, secretText, row.starts, row.ends, Math.round(now));
    return { ...toCredential(row), secretText };
  }

  /** @throws {ServiceError} 400 for a secret that is not there */
  removePassword(id: string, keyId: string): void {
    const { id: application } = this.application(id);
    const { changes } = this.#sql('delete from graph_passwords where application = ? and key_id = ?').run(application, keyId.toLowerCase());
    if (Number(changes) === 0) throw new ServiceError(400, 'Request_BadRequest', `No password credential found with keyId ${keyId}.`);
  }

  /**
   * Asks the server of the token endpoint whose turn it is whether it takes a secret.
   *
   * @returns Undefined when there is no application of this client id.
   */
  signIn(clientId: string, secret: string): Principal | 'invalid' | 'expired' | undefined {
    const row = this.#sql('select * from graph_applications where client_id = ?').get(clientId.toLowerCase());
    if (!row) return undefined;
    const replica = this.#turn++ % REPLICAS;
    const now = this.#clock.now();
    const { worksAfterMs, flapsForMs } = this.#settings;
    const known = now - worksAfterMs - (flapsForMs * replica) / (REPLICAS - 1);
    const found = this.#sql('select * from graph_passwords where application = ? and made_ms <= ?')
      .all(row['id'] ?? null, known)
      .find((password) => sameText(String(password['secret']), secret));
    if (!found) return 'invalid';
    if (Date.parse(String(found['ends'])) <= now) return 'expired';
    return {
      name: String(row['name']),
      clientId: String(row['client_id']),
      clientSecret: secret,
      objectId: String(row['sp_id']),
      appRoles: [],
    };
  }

  #ensure(name: string): void {
    atomically(this.#db, () => {
      if (this.#sql('select 1 from graph_applications where name = ?').get(name)) return;
      const id = randomUUID();
      this.#sql('insert into graph_applications (name, id, client_id, sp_id) values (?, ?, ?, ?)').run(
        name,
        id,
        randomUUID(),
        randomUUID(),
      );
      const now = this.#clock.now();
      this.#sql(
        'insert into graph_passwords (key_id, application, display_name, secret, starts, ends, made_ms) values (?, ?, ?, ?, ?, ?, 0)',
      ).run(randomUUID(), id, 'initial', newSecret(), iso(now), iso(now + DEFAULT_LIFE_MS));
    });
  }

  #sql(text: string) {
    return prepared(this.#db, text);
  }
}

const iso = (ms: number) => new Date(ms).toISOString();
const newSecret = () => `${randomBytes(3).toString('hex').slice(0, HINT_LETTERS)}8Q~${randomBytes(25).toString('base64url')}`;

const toCredential = (row: Row): PasswordCredential => ({
  keyId: String(row['key_id']),
  displayName: row['display_name'] === null ? null : String(row['display_name']),
  hint: String(row['secret']).slice(0, HINT_LETTERS),
  startDateTime: String(row['starts']),
  endDateTime: String(row['ends']),
});

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
