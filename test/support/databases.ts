import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { describe } from 'vitest';
import { findMariadb, startMariadb } from '../../src/local/stack/targets/mariadb.ts';
import { findPostgres, startPostgres } from '../../src/local/stack/targets/postgres.ts';
import type { RunningTarget } from '../../src/local/stack/targets/programs.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

/** A real server with a proxy before it. */
export type TestDatabase = Readonly<{
  server: RunningTarget;
  /** Holds its logs. */
  folder: string;
  proxy: FaultProxy;
  /** `rot-target`, through the proxy. */
  target: string;
  /** What the secret that `rot-admin` names holds. */
  admin: string;
  /** Runs statements as the administrator, past the proxy. */
  // biome-ignore lint/suspicious/noExplicitAny: rows are looked into by assertions, which fail on anything unexpected.
  sql(statement: string, values?: readonly unknown[]): Promise<any[]>;
  /** Logs in past the proxy; false when that is refused. */
  accepts(user: string, password: string): Promise<boolean>;
  /** Runs statements as somebody, past the proxy. */
  as(user: string, password: string, work: (run: (statement: string) => Promise<unknown>) => Promise<void>): Promise<void>;
  /** The statements of one kind in the server's log, in order. */
  statements(beginning: string): string[];
  stop(): Promise<void>;
}>;

/** The password of every account at first. */
export const FIRST = 'first-password-of-a-test';
/** A name as SQL writes it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Two roles of PostgreSQL that take turns: what they make belongs to a role without login. The second cannot log in yet. */
export async function makeTakingTurns({ sql }: TestDatabase, [one, other]: readonly [string, string], owner: string): Promise<void> {
  await sql(`CREATE ROLE ${quoted(owner)} NOLOGIN`);
  await sql(`CREATE ROLE ${quoted(one)} LOGIN IN ROLE ${quoted(owner)} PASSWORD '${FIRST}'`);
  await sql(`CREATE ROLE ${quoted(other)} NOLOGIN IN ROLE ${quoted(owner)}`);
  for (const user of [one, other]) await sql(`ALTER ROLE ${quoted(user)} SET ROLE ${quoted(owner)}`);
}

/** Tests of a server that may not be on this machine: skipped then, with a word about how to get it. */
export function describeWith(found: object, name: string, tests: () => void): void {
  const hint = 'absent' in found ? String(found.absent) : undefined;
  if (hint !== undefined) console.warn(`Skipped: ${name}. ${hint}`);
  describe.skipIf(hint !== undefined)(hint === undefined ? name : `${name} (${hint})`, tests);
}
export const describeWithPostgres = (name: string, tests: () => void): void => describeWith(findPostgres(), name, tests);
export const describeWithMariadb = (name: string, tests: () => void): void => describeWith(findMariadb(), name, tests);

export type TestPostgres = TestDatabase &
  Readonly<{
    /** Resolves once some session waits for an advisory lock. */
    waitsForLock(): Promise<void>;
    /** Lets a user in without a password. */
    trust(user: string): Promise<void>;
  }>;

export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'hsmkeep-pg-'));
  const server = await startPostgres({ folder, settings: { log_statement: 'all', log_line_prefix: '' } });
  if ('absent' in server) throw new Error(server.absent);
  const proxy = await startFaultProxy(server.port);

  const client = (user: string, password: string) => {
    const made = new pg.Client({ host: server.host, port: server.port, database: 'postgres', ssl: false, user, password });
    made.on('error', () => undefined);
    return made;
  };
  const admin = client(server.admin.user, server.admin.password);
  await admin.connect();
  return {
    server,
    folder,
    proxy,
    target: `postgres://127.0.0.1:${proxy.port}/postgres`,
    admin: JSON.stringify({ username: server.admin.user, password: server.admin.password }),
    sql: async (statement, values = []) => (await admin.query(statement, [...values])).rows,
    async accepts(user, password) {
      const login = client(user, password);
      try {
        await login.connect();
        return true;
      } catch (error) {
        if (['28P01', '28000'].includes(String((error as { code?: string }).code))) return false;
        throw error;
      } finally {
        await login.end();
      }
    },
    async as(user, password, work) {
      const login = client(user, password);
      await login.connect();
      await work((statement) => login.query(statement)).finally(() => login.end());
    },
    statements: (beginning) => linesOf(server.log(), `statement: ${beginning}`),
    async waitsForLock() {
      for (let waiting = 0; waiting === 0; ) {
        const { rows } = await admin.query(`SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`);
        waiting = rows[0].n;
      }
    },
    async trust(user) {
      const file = join(folder, 'data', 'pg_hba.conf');
      writeFileSync(file, `host all ${user} 127.0.0.1/32 trust\n${readFileSync(file, 'utf8')}`);
      await admin.query('SELECT pg_reload_conf()');
      while (!(await admin.query(`SELECT FROM pg_hba_file_rules WHERE auth_method = 'trust'`)).rowCount);
    },
    async stop() {
      await admin.end();
      await proxy.stop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function startTestMariadb(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'hsmkeep-mariadb-'));
  const general = join(folder, 'general.log');
  const args = [`--general-log-file=${general}`, '--general-log=1', `--log-bin=${join(folder, 'binlog')}`, '--server-id=1'];
  const server = await startMariadb({ folder, args });
  if ('absent' in server) throw new Error(server.absent);
  const proxy = await startFaultProxy(server.port);

  const login = (user: string, password: string) =>
    createConnection({ host: server.host, port: server.port, user, password, jsonStrings: true });
  const admin = await login(server.admin.user, server.admin.password);
  const sql = async (statement: string, values: readonly unknown[] = []) => (await admin.query(statement, [...values]))[0] as unknown[];
  return {
    server,
    folder,
    proxy,
    target: `mariadb://127.0.0.1:${proxy.port}`,
    admin: JSON.stringify({ username: server.admin.user, password: server.admin.password }),
    sql,
    async accepts(user, password) {
      try {
        await (await login(user, password)).end();
        return true;
      } catch (error) {
        if (['ER_ACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR'].includes(String((error as { code?: string }).code)))
          return false;
        throw error;
      }
    },
    async as(user, password, work) {
      const connection = await login(user, password);
      await work((statement) => connection.query(statement)).finally(() => connection.destroy());
    },
    statements: (beginning) => linesOf(readFileSync(general, 'latin1'), `\t${beginning}`),
    async stop() {
      await admin.end();
      await proxy.stop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const linesOf = (log: string, part: string): string[] => log.split('\n').filter((line) => line.includes(part));
