import { createHash } from 'node:crypto';
import { ConfigFailure } from './contract.ts';
import type { MariadbSession } from './mariadb-session.ts';
import { TargetError } from './target-error.ts';

/** Which accounts a rotation is about: those of a user for every host, or for one. */
export type Accounts = Readonly<{ user: string; host: string | null }>;

/** One account, and the hashes of the passwords that it takes. */
export type Account = Readonly<{ user: string; host: string; hashes: readonly string[] }>;

const PLUGIN = 'mysql_native_password';
const HASH = /^\*[0-9A-F]{40}$/;

/** What MariaDB keeps of a password, and takes in place of it: no statement, general log or binary log has the password. */
export function nativeHash(password: string): string {
  const once = createHash('sha1').update(password).digest();
  return `*${createHash('sha1').update(once).digest('hex').toUpperCase()}`;
}

type Method = Readonly<{ plugin?: string; authentication_string?: string }>;
type Privileges = Method & Readonly<{ auth_or?: readonly Method[]; is_role?: boolean; account_locked?: boolean }>;

/**
 * Reads the accounts as they are.
 *
 * @throws {TargetError} when there is none, or one of them logs in by something that a rotation would take away.
 * @see https://mariadb.com/kb/en/mysqlglobal_priv-table/
 */
export async function readAccounts(session: MariadbSession, { user, host }: Accounts): Promise<readonly Account[]> {
  const rows = await session.query<{ Host: string; Priv: string }>(
    'SELECT Host, Priv FROM mysql.global_priv WHERE User = ? AND (? IS NULL OR Host = ?) ORDER BY Host',
    [user, host, host],
  );
  const found = rows.map((row) => ({ host: row.Host, privileges: JSON.parse(row.Priv) as Privileges }));
  const accounts = found.filter(({ privileges }) => privileges.is_role !== true);
  if (accounts.length === 0)
    throw new TargetError({
      kind: 'gone',
      code: 'NoSuchAccount',
      hint: `There is no account ${user}. Create it, or correct rot-principal.`,
    });
  return accounts.map(({ host: at, privileges }) => ({ user, host: at, hashes: hashesOf(user, at, privileges) }));
}

/** `{}` among the alternatives stands for the method beside them. */
function hashesOf(user: string, host: string, { auth_or, ...own }: Privileges): string[] {
  const methods = auth_or ? auth_or.map((method) => (method.plugin === undefined ? own : method)) : [own];
  return methods.map(({ plugin = PLUGIN, authentication_string: hash = '' }) => {
    if (plugin === PLUGIN && HASH.test(hash)) return hash;
    throw new TargetError({
      kind: 'config',
      code: 'Plugin',
      hint: `'${user}'@'${host}' ${hash === '' && plugin === PLUGIN ? 'takes an empty password' : `logs in by ${plugin}`}, which a rotation would take away. Give it one password: ALTER USER … IDENTIFIED VIA ${PLUGIN} USING PASSWORD('…').`,
    });
  });
}

/** Whether every one of the accounts takes a password of this hash. */
export const accepted = (accounts: readonly Account[], hash: string): boolean => accounts.every(({ hashes }) => hashes.includes(hash));

/** Whether none of them does. */
export const unknownTo = (accounts: readonly Account[], hash: string): boolean => accounts.every(({ hashes }) => !hashes.includes(hash));

/** Has the accounts take the passwords of these hashes and no others, in one statement; sends nothing where they do already. */
export async function setHashes(session: MariadbSession, accounts: readonly Account[], wanted: readonly string[]): Promise<void> {
  const hashes = [...new Set(wanted)];
  if (hashes.length === 0) throw new ConfigFailure('it is the only password of the account', 'Set another one first.');
  const differ = accounts.filter((account) => !sameSet(account.hashes, hashes));
  if (differ.length === 0) return;
  const methods = hashes.map((hash) => `${PLUGIN} USING '${checked(hash)}'`).join(' OR ');
  const each = differ.map(({ user, host }) => `${quoted(user)}@${quoted(host)} IDENTIFIED VIA ${methods}`);
  await session.change(`ALTER USER ${each.join(', ')}`);
}

/** Takes one password off each of the accounts. */
export async function withoutHash(session: MariadbSession, accounts: readonly Account[], hash: string): Promise<void> {
  for (const account of accounts) {
    const others = account.hashes.filter((one) => one !== hash);
    await setHashes(session, [account], others);
  }
}

/** Throws out whoever is logged in, if the session may (CONNECTION ADMIN): the password has ended in any case. */
export async function endSessions(session: MariadbSession, accounts: readonly Account[]): Promise<void> {
  for (const { user, host } of accounts) {
    try {
      await session.change(`KILL USER ${quoted(user)}@${quoted(host)}`);
    } catch (error) {
      if (!(error instanceof TargetError) || error.failure.kind !== 'denied') throw error;
    }
  }
}

/**
 * Replaces the password of the account that the session is of; takes no right.
 *
 * @throws {TargetError} when it has more than one: only the first would be replaced.
 */
export async function setOwnPassword(session: MariadbSession, hash: string): Promise<void> {
  const [row] = await session.query<Readonly<Record<string, string>>>('SHOW CREATE USER CURRENT_USER()');
  const methods =
    Object.values(row ?? {})
      .join(' ')
      .match(/ (?:VIA|OR) `?\w+`? USING | IDENTIFIED BY PASSWORD /g) ?? [];
  if (methods.length !== 1)
    throw new TargetError({
      kind: 'config',
      code: 'Plugin',
      hint: 'The account has several passwords, or none. An administrator has to give it one.',
    });
  await session.change(`SET PASSWORD = '${checked(hash)}'`);
}

const sameSet = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((item) => other.includes(item));

function checked(hash: string): string {
  if (!HASH.test(hash)) throw new Error('not a hash');
  return hash;
}

/** The session's sql_mode is known to take backslashes as escapes. */
const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** The name of the server's lock for a user, of which it takes 64 characters. */
export const lockName = ({ user }: Accounts): string => `hsmkeep:${createHash('sha256').update(user).digest('hex').slice(0, 40)}`;
