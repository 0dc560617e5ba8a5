import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { settingOr } from '../state/settings.ts';

/** An application that can sign in, by managed identity or by its secret. The emulator makes its ids and its secret. */
export type Principal = Readonly<{
  name: string;
  clientId: string;
  clientSecret: string;
  objectId: string;
  /** In its tokens for `api://hsmkeep`. */
  appRoles: readonly string[];
}>;

/** A person of the tenant, with the app roles that tokens for `api://hsmkeep` carry. */
export type Person = Readonly<{ name: string; objectId: string; roles: readonly string[] }>;

/** The identity that `IDENTITY_ENDPOINT` stands for when no `client_id` is named. It may do everything, whatever the role assignments say. */
export const DEFAULT_IDENTITY = 'default';

const PEOPLE: Readonly<Record<string, readonly string[]>> = {
  alice: ['viewer', 'operator', 'restore.requester'],
  bob: ['viewer', 'restore.approver'],
  carol: ['viewer'],
  root: ['viewer', 'administrator'],
};

type PrincipalRow = { name: string; client_id: string; client_secret: string; object_id: string; app_roles: string };

/** The emulated tenant: its id, its applications and its people. Kept in the emulator's database. */
export class Directory {
  readonly tenantId: string;
  readonly people: readonly Person[];
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(`create table if not exists principal (
      name text primary key, client_id text not null unique, client_secret text not null, object_id text not null unique,
      app_roles text not null default '[]') strict`);
    this.tenantId = settingOr(db, 'tenantId', () => randomUUID());
    this.people = Object.entries(PEOPLE).map(([name, roles]) => ({ name, roles, objectId: uuidFrom(`${this.tenantId}/${name}`) }));
    this.ensurePrincipal(DEFAULT_IDENTITY);
  }

  get defaultIdentity(): Principal {
    return this.ensurePrincipal(DEFAULT_IDENTITY);
  }

  /** The principal of this name, made on first use. `appRoles` replace those it had. */
  ensurePrincipal(name: string, appRoles?: readonly string[]): Principal {
    const made = { clientId: randomUUID(), clientSecret: randomBytes(24).toString('base64url'), objectId: randomUUID() };
    this.#db
      .prepare('insert into principal (name, client_id, client_secret, object_id) values (?, ?, ?, ?) on conflict do nothing')
      .run(name, made.clientId, made.clientSecret, made.objectId);
    if (appRoles) this.#db.prepare('update principal set app_roles = ? where name = ?').run(JSON.stringify(appRoles), name);
    return this.#find('name', name) as Principal;
  }

  get principals(): Principal[] {
    return (this.#db.prepare('select * from principal order by rowid').all() as PrincipalRow[]).map(toPrincipal);
  }

  principalByClientId(clientId: string): Principal | undefined {
    return this.#find('client_id', clientId.toLowerCase());
  }

  principalByObjectId(objectId: string): Principal | undefined {
    return this.#find('object_id', objectId.toLowerCase());
  }

  person(name: string): Person | undefined {
    return this.people.find((person) => person.name === name);
  }

  /** Name of whoever has this object id, for messages and the request log. */
  nameOf(objectId: string): string | undefined {
    return this.principalByObjectId(objectId)?.name ?? this.people.find((person) => person.objectId === objectId)?.name;
  }

  #find(column: 'name' | 'client_id' | 'object_id', value: string): Principal | undefined {
    const row = this.#db.prepare(`select * from principal where ${column} = ?`).get(value) as PrincipalRow | undefined;
    return row && toPrincipal(row);
  }
}

const toPrincipal = (row: PrincipalRow): Principal => ({
  name: row.name,
  clientId: row.client_id,
  clientSecret: row.client_secret,
  objectId: row.object_id,
  appRoles: JSON.parse(row.app_roles),
});

/** A uuid that is always the same for the same text. */
export function uuidFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
