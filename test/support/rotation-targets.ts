import type { Tags } from '../../src/domain/rotation/tags.ts';
import { nativeHash } from '../../src/providers/mariadb-accounts.ts';
import { FIRST, makeTakingTurns, type TestDatabase, type TestPostgres } from './databases.ts';
import { VAULT } from './rotations.ts';

/** What a secret is rotated as: a provider with a strategy, and an account for each secret on a real server. */
export type TargetKind = Readonly<{
  name: string;
  overlap: boolean;
  database: TestDatabase;
  /** Makes the account. @returns What the secret holds at first, and its tags. */
  make(account: string): Promise<Readonly<{ value: string; tags: Tags }>>;
  /** Whether the target takes what the secret holds, as a consumer uses it. */
  accepts(account: string, stored: string): Promise<boolean>;
  /** How many different credentials the account was given. */
  changes(account: string): number;
  /** Something in the request that changes the credential. */
  decisive: string;
}>;

export const ADMIN_SECRETS = { postgres: 'postgres-admin', mariadb: 'mariadb-admin' } as const;

export function postgresKinds(database: TestPostgres): Record<'alternating' | 'single' | 'self', TargetKind> {
  const tags = (principal: string, policy: string, admin = `${VAULT}/${ADMIN_SECRETS.postgres}`): Tags => ({
    'rot-provider': 'postgres',
    'rot-target': database.target,
    'rot-principal': principal,
    'rot-admin': admin,
    'rot-policy': `every=60d;grace=7d;${policy}`,
  });
  const changes = (account: string) =>
    new Set(
      database.statements('ALTER ROLE').flatMap((line) => (line.includes(`"${account}`) ? (/'SCRAM[^']*'/.exec(line)?.slice() ?? []) : [])),
    ).size;
  // This statement names nobody: what counts are those since the account was made.
  const own = () => database.statements('ALTER ROLE CURRENT_USER');
  let before = 0;
  const shared = { database, decisive: 'COMMIT\0', changes };
  const makeOne = (account: string) => database.sql(`CREATE ROLE "${account}" LOGIN PASSWORD '${FIRST}'`);
  return {
    alternating: {
      ...shared,
      name: 'postgres alternating',
      overlap: true,
      async make(account) {
        await makeTakingTurns(database, [`${account}_a`, `${account}_b`], `${account}_owner`);
        const value = JSON.stringify({ host: 'db', username: `${account}_a`, password: FIRST });
        return { value, tags: tags(`${account}_a|${account}_b`, 'format=json:password') };
      },
      accepts(_account, stored) {
        const { username, password } = JSON.parse(stored);
        return database.accepts(username, password);
      },
    },
    single: {
      ...shared,
      name: 'postgres single',
      overlap: false,
      async make(account) {
        await makeOne(account);
        return { value: `postgres://${account}:${FIRST}@db/orders`, tags: tags(account, 'strategy=single;format=url') };
      },
      accepts: (account, stored) => database.accepts(account, new URL(stored).password),
    },
    self: {
      ...shared,
      name: 'postgres single, by itself',
      overlap: false,
      async make(account) {
        await makeOne(account);
        before = own().length;
        return { value: FIRST, tags: tags(account, 'strategy=single', 'self') };
      },
      accepts: (account, stored) => database.accepts(account, stored),
      changes: () => new Set(own().slice(before)).size,
    },
  };
}

export function mariadbKinds(database: TestDatabase): Record<'multi' | 'single' | 'self', TargetKind> {
  const own = () => database.statements('SET PASSWORD');
  let before = 0;
  const kind = (name: string, overlap: boolean, policy: string, admin = `${VAULT}/${ADMIN_SECRETS.mariadb}`): TargetKind => ({
    name: `mariadb ${name}`,
    overlap,
    database,
    decisive: admin === 'self' ? 'SET PASSWORD' : 'ALTER USER',
    async make(account) {
      before = own().length;
      await database.sql(`CREATE USER ?@'%' IDENTIFIED VIA mysql_native_password USING '${nativeHash(FIRST)}'`, [account]);
      const tags = { 'rot-provider': 'mariadb', 'rot-target': database.target, 'rot-principal': account, 'rot-admin': admin };
      return {
        value: `Server=db;User Id=${account};Password=${FIRST};`,
        tags: { ...tags, 'rot-policy': `every=60d;grace=7d;format=conn:Password${policy}` },
      };
    },
    accepts: (account, stored) => database.accepts(account, /Password=([^;]*)/.exec(stored)?.[1] ?? ''),
    changes(account) {
      const statements = database.statements('ALTER USER').filter((line) => line.includes(`'${account}'@`));
      const hashes = statements.flatMap((line) => line.match(/\*[0-9A-F]{40}/g) ?? []);
      if (admin === 'self')
        return new Set(
          own()
            .slice(before)
            .map((line) => /\*[0-9A-F]{40}/.exec(line)?.[0]),
        ).size;
      return new Set(hashes.filter((hash) => hash !== nativeHash(FIRST))).size;
    },
  });
  return {
    multi: kind('multi', true, ''),
    single: kind('single', false, ';strategy=single'),
    self: kind('single, by itself', false, ';strategy=single', 'self'),
  };
}
