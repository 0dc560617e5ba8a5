import { Socket } from 'node:net';
import type { Client } from 'pg';
import { ConfigFailure, type Failure, type ProviderContext } from './contract.ts';
import type { DatabaseLogin, DatabaseTarget } from './database-target.ts';
import { postgresFailure } from './postgres-failure.ts';
import { asUnknownOutcome, TargetError } from './target-error.ts';

/** A connection for the time of one step. Errors are `TargetError`s; nothing of the driver's passes. */
export type PostgresSession = Readonly<{
  query<Row>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs work in a transaction. Only its last statement, the commit, can have an unknown outcome. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  quoteName(name: string): string;
  quoteText(text: string): string;
}>;

const CONNECT_DEADLINE_MS = 10_000;
const STATEMENT_DEADLINE_MS = 10_000;
/** The server gives up before we do, so that what we hear is its word. */
const ANSWER_DEADLINE_MS = STATEMENT_DEADLINE_MS + 5_000;
const LOCK_DEADLINE_MS = 5_000;
/** A transaction of ours whose connection is stuck ends on the server, and with it our lock. */
const IDLE_DEADLINE_MS = 10_000;
const END_DEADLINE_MS = 1_000;

/** The longest time after which something that was sent may still take effect. */
export const POSTGRES_WINDOW_MS = STATEMENT_DEADLINE_MS + IDLE_DEADLINE_MS;

/**
 * Logs in, does the work, and hangs up.
 *
 * @throws {TargetError} or what the work throws; {ConfigFailure} when the server asked for no password, so that a login proves nothing.
 */
export async function withPostgres<T>(
  { signal }: Pick<ProviderContext, 'signal'>,
  { host, port, database, tls }: DatabaseTarget,
  { user, password }: DatabaseLogin,
  work: (session: PostgresSession) => Promise<T>,
): Promise<T> {
  const { Client } = (await import('pg')).default;
  const socket = new Socket({ signal });
  let asked = false;
  const client = new Client({
    host,
    port,
    database,
    user,
    password: () => {
      asked = true;
      return password.use((plain) => plain);
    },
    ssl: tls ? { rejectUnauthorized: true } : false,
    application_name: 'hsmkeep',
    connectionTimeoutMillis: CONNECT_DEADLINE_MS,
    query_timeout: ANSWER_DEADLINE_MS,
    stream: () => socket,
  });
  // A connection that breaks while nobody waits is told by the next statement.
  client.on('error', () => undefined);
  try {
    await told(client.connect());
    if (!asked)
      throw new ConfigFailure(
        `PostgreSQL lets ${user} in without asking for the password (trust, peer or cert in pg_hba.conf)`,
        'Have it ask for scram-sha-256 where the app comes from: otherwise nobody can tell which password works.',
      );
    return await work(sessionOf(client));
  } finally {
    await hangUp(client, socket);
  }
}

function sessionOf(client: Client): PostgresSession {
  const query = async <Row>(statement: string, values: readonly unknown[] = []): Promise<Row[]> =>
    (await told(client.query(statement, [...values]))).rows as Row[];
  return {
    query,
    quoteName: (name) => client.escapeIdentifier(name),
    quoteText: (text) => client.escapeLiteral(text),
    async transaction(work) {
      await query('BEGIN');
      await query(`SET LOCAL statement_timeout = ${STATEMENT_DEADLINE_MS}`);
      await query(`SET LOCAL lock_timeout = ${LOCK_DEADLINE_MS}`);
      await query(`SET LOCAL idle_in_transaction_session_timeout = ${IDLE_DEADLINE_MS}`);
      // A failure on the way needs no ROLLBACK: the session is not used again.
      const result = await work();
      await told(client.query('COMMIT'), asUnknownOutcome);
      return result;
    },
  };
}

/** Waits for an answer; what the driver throws is replaced by what it means. */
async function told<T>(answer: Promise<T>, meaning = (failure: Failure): Failure => failure): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new TargetError(meaning(postgresFailure(error)));
  }
}

/** Says goodbye; a server that does not answer that is left. */
async function hangUp(client: Client, socket: Socket): Promise<void> {
  const late = setTimeout(() => socket.destroy(), END_DEADLINE_MS);
  await client.end().catch(() => undefined);
  clearTimeout(late);
  socket.destroy();
}
