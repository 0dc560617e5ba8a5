import type { PreflightCheck } from './contract.ts';
import { readRole } from './postgres-roles.ts';
import type { PostgresSession } from './postgres-session.ts';

/** Looks at all that a rotation of these users will need. Changes nothing. @throws {TargetError} */
export async function checkPostgres(session: PostgresSession, users: readonly string[], self: boolean): Promise<PreflightCheck[]> {
  const checks = [await checkWritable(session)];
  for (const user of users) {
    const role = await readRole(session, user);
    checks.push({ check: `the role ${user} has not expired`, ok: !role.expired, hint: `ALTER ROLE "${user}" VALID UNTIL 'infinity';` });
    if (!self) checks.push(await checkRight(session, user, role.superuser));
  }
  const [one, other] = users;
  return one !== undefined && other !== undefined ? [...checks, ...(await checkAlike(session, one, other))] : checks;
}

async function checkWritable(session: PostgresSession): Promise<PreflightCheck> {
  const [row] = await session.query<{ standby: boolean; read_only: string }>(
    `SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS read_only`,
  );
  const ok = row?.standby === false && row.read_only === 'off';
  return { check: 'rot-target is the writable server', ok, hint: 'It is a standby or read-only: name the primary.' };
}

async function checkRight(session: PostgresSession, user: string, superuser: boolean): Promise<PreflightCheck> {
  const [row] = await session.query<{ version: number; rolsuper: boolean; rolcreaterole: boolean; admin: boolean }>(
    `SELECT current_setting('server_version_num')::int AS version, rolsuper, rolcreaterole,
            pg_has_role(current_user, $1, 'MEMBER WITH ADMIN OPTION') AS admin
       FROM pg_catalog.pg_roles WHERE rolname = current_user`,
    [user],
  );
  const byRole = row?.rolcreaterole === true && !superuser && (row.version < 160_000 || row.admin);
  return {
    check: `rot-admin may set the password of ${user}`,
    ok: row?.rolsuper === true || byRole,
    hint: superuser
      ? `${user} is a superuser: only another one could change it`
      : `give it CREATEROLE${(row?.version ?? 0) >= 160_000 ? `, and GRANT "${user}" TO it WITH ADMIN OPTION` : ''}`,
  };
}

/** Two users take turns, so whatever one may do the other has to be able to do, too. */
async function checkAlike(session: PostgresSession, one: string, other: string): Promise<PreflightCheck[]> {
  const [row] = await session.query<{ roles: boolean; owned: boolean; granted: boolean }>(
    `WITH u AS (SELECT oid, rolname FROM pg_catalog.pg_roles WHERE rolname IN ($1, $2)),
          m AS (SELECT u.rolname, a.roleid::text AS item FROM u JOIN pg_catalog.pg_auth_members a ON a.member = u.oid),
          d AS (SELECT u.rolname, s.deptype, concat_ws('/', s.dbid, s.classid, s.objid, s.objsubid) AS item
                  FROM u JOIN pg_catalog.pg_shdepend s ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = u.oid)
     SELECT NOT EXISTS (SELECT item FROM m GROUP BY item HAVING count(DISTINCT rolname) < 2) AS roles,
            NOT EXISTS (SELECT FROM d WHERE deptype = 'o') AS owned,
            NOT EXISTS (SELECT item FROM d WHERE deptype = 'a' GROUP BY item HAVING count(DISTINCT rolname) < 2) AS granted`,
    [one, other],
  );
  const names = `${one} and ${other}`;
  return [
    { check: `${names} are members of the same roles`, ok: row?.roles === true, hint: 'GRANT what one lacks' },
    {
      check: `neither ${one} nor ${other} owns anything`,
      ok: row?.owned === true,
      hint: 'the other could not alter it. Make a role without login that owns it: REASSIGN OWNED BY, then ALTER ROLE … SET ROLE for both',
    },
    { check: `${names} have been granted the same objects`, ok: row?.granted === true, hint: 'grant to a role that both are members of' },
  ];
}
