import type { CredentialUser } from './contract.ts';
import type { PostgresSession } from './postgres-session.ts';
import { TargetError } from './target-error.ts';

/** A role as any role may see it. */
export type Role = Readonly<{
  name: string;
  mayLogIn: boolean;
  superuser: boolean;
  comment: string;
  marker: string | null;
  expired: boolean;
}>;

/** PostgreSQL cuts longer names with a mere notice, and the statement hits another role. */
export const LONGEST_NAME_BYTES = 63;

/** Says which rotation a role's password is from. Any role can read it, it commits with the password, and reading it costs no login. */
const MARKER = / ?\[rot:(?<id>[0-9a-zA-Z-]+)\]/g;

/** @throws {TargetError} when there is no such role. */
export async function readRole(session: PostgresSession, name: string): Promise<Role> {
  const [row] = await session.query<{ rolcanlogin: boolean; rolsuper: boolean; comment: string | null; expired: boolean | null }>(
    `SELECT rolcanlogin, rolsuper, shobj_description(oid, 'pg_authid') AS comment, rolvaliduntil < now() AS expired
       FROM pg_catalog.pg_roles WHERE rolname = $1`,
    [name],
  );
  if (!row) throw new TargetError({ kind: 'gone', code: '42704', hint: `There is no role ${name}. Create it, or correct rot-principal.` });
  const comment = row.comment ?? '';
  const marker = Array.from(comment.matchAll(MARKER)).at(-1)?.groups?.['id'] ?? null;
  return { name, mayLogIn: row.rolcanlogin, superuser: row.rolsuper, comment, marker, expired: row.expired === true };
}

/** Keeps writers of one role apart until the transaction ends, so that a late request cannot land between a look and a change. */
export const lockRole = (session: PostgresSession, name: string): Promise<unknown> =>
  session.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`rotate:${name}`]);

/** Sets a password, given as its verifier, in one transaction with the mark of the rotation. The rest of the comment stays. */
export async function setPassword(session: PostgresSession, role: Role, verifier: string, rotationId: string): Promise<void> {
  const { quoteName, quoteText } = session;
  await session.query(`ALTER ROLE ${quoteName(role.name)} LOGIN PASSWORD ${quoteText(verifier)}`);
  const comment = `${role.comment.replace(MARKER, '')} [rot:${rotationId}]`.trimStart();
  await session.query(`COMMENT ON ROLE ${quoteName(role.name)} IS ${quoteText(comment)}`);
}

/** Who but hsmkeep is logged in as a role, by the names that clients give themselves, the most sessions first. Any role may see these. */
export async function readSessions(session: PostgresSession, name: string): Promise<CredentialUser[]> {
  const rows = await session.query<{ application: string; sessions: number }>(
    `SELECT application_name AS application, count(*)::int AS sessions
       FROM pg_catalog.pg_stat_activity WHERE usename = $1 AND application_name <> 'hsmkeep' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20`,
    [name],
  );
  return rows.map(({ application, sessions }) => ({ application: application.replace(/[^\w .:/@-]/g, '?'), sessions }));
}

/** Throws out whoever is logged in as a role, if the session may (pg_signal_backend): the password has ended in any case. */
export async function endSessions(session: PostgresSession, name: string): Promise<void> {
  const [right] = await session.query<{ may: boolean }>(
    `SELECT pg_has_role(current_user, 'pg_signal_backend', 'USAGE') OR pg_has_role(current_user, $1, 'USAGE') AS may`,
    [name],
  );
  if (right?.may) await session.query('SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = $1', [name]);
}

/** Ends every way to log in with a password. What the role may do, and the sessions that it has, stay. */
export const forbidLogin = (session: PostgresSession, name: string): Promise<unknown> =>
  session.query(`ALTER ROLE ${session.quoteName(name)} NOLOGIN PASSWORD NULL`);
