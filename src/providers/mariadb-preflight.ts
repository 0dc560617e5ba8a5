import type { PreflightCheck } from './contract.ts';
import { type Accounts, readAccounts } from './mariadb-accounts.ts';
import type { MariadbSession } from './mariadb-session.ts';
import { TargetError } from './target-error.ts';

/** From here on an account can have two passwords: `IDENTIFIED VIA … OR …`. */
const LEAST = { major: 10, minor: 4 } as const;

/** Looks at all that a rotation of these accounts will need. Changes nothing. @throws {TargetError} */
export async function checkMariadb(session: MariadbSession, accounts: Accounts, self: boolean): Promise<PreflightCheck[]> {
  await requireMariadb(session);
  const [server] = await session.query<{ read_only: unknown; strict: unknown }>(
    'SELECT @@global.read_only AS read_only, @@global.strict_password_validation AS strict',
  );
  const [validators] = await session.query<{ count: number }>(
    "SELECT COUNT(*) AS count FROM information_schema.PLUGINS WHERE PLUGIN_TYPE = 'PASSWORD VALIDATION' AND PLUGIN_STATUS = 'ACTIVE'",
  );
  if (!self) await readAccounts(session, accounts);
  return [
    // Whoever may write to a read-only server would change a replica alone.
    { check: 'rot-target is the writable server', ok: Number(server?.read_only) === 0, hint: 'It is read-only: name the primary.' },
    {
      check: 'the server takes passwords as hashes',
      ok: Number(server?.strict) === 0 || Number(validators?.count) === 0,
      hint: 'SET GLOBAL strict_password_validation = OFF: the value is made by hsmkeep, and no statement shall have it',
    },
    ...(self ? [] : [await checkRight(session)]),
  ];
}

/** MySQL speaks the same protocol and keeps passwords in another way. */
async function requireMariadb(session: MariadbSession): Promise<void> {
  const [row] = await session.query<{ version: string }>('SELECT VERSION() AS version');
  const [, major, minor] = /^(\d+)\.(\d+)\.\d+-MariaDB/i.exec(row?.version ?? '') ?? [];
  const isNew = Number(major) > LEAST.major || (Number(major) === LEAST.major && Number(minor) >= LEAST.minor);
  if (isNew) return;
  throw new TargetError({
    kind: 'config',
    code: 'NotMariadb',
    hint: `The server is no MariaDB from ${LEAST.major}.${LEAST.minor} on. MySQL is not rotated by this provider; the provider webhook can have your own code do it.`,
  });
}

async function checkRight(session: MariadbSession): Promise<PreflightCheck> {
  const grants = await session.query<Readonly<Record<string, string>>>('SHOW GRANTS');
  const ok = grants.some((grant) => /^GRANT (ALL PRIVILEGES|[^*]*\bCREATE USER\b.*) ON \*\.\* /.test(Object.values(grant).join('')));
  return { check: 'rot-admin may change accounts', ok, hint: 'GRANT CREATE USER ON *.* to it; hold it like root' };
}
