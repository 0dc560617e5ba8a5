import { Socket } from 'node:net';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Failure, ProviderContext } from './contract.ts';
import type { DatabaseLogin, DatabaseTarget } from './database-target.ts';
import { mariadbFailure } from './mariadb-failure.ts';
import { asUnknownOutcome, TargetError } from './target-error.ts';

/** A connection for the time of one step. Errors are `TargetError`s; nothing of the driver's passes: its errors hold whole statements. */
export type MariadbSession = Readonly<{
  query<Row>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs a statement that changes something at once: when the connection breaks, the outcome is unknown. */
  change(statement: string): Promise<void>;
  /** Does work while no other session has the lock of that name. */
  locked<T>(name: string, work: () => Promise<T>): Promise<T>;
}>;

const CONNECT_DEADLINE_MS = 10_000;
const STATEMENT_DEADLINE_S = 10;
/** The server gives up before we do, so that what we hear is its word. */
const ANSWER_DEADLINE_MS = (STATEMENT_DEADLINE_S + 5) * 1000;
const LOCK_DEADLINE_S = 5;
/** A session of ours whose connection is stuck ends on the server, and with it our lock. */
const IDLE_DEADLINE_S = 15;
const END_DEADLINE_MS = 1_000;

/** The longest time after which something that was sent may still take effect. */
export const MARIADB_WINDOW_MS = (STATEMENT_DEADLINE_S + IDLE_DEADLINE_S) * 1000;

/** Logs in, does the work, and hangs up. @throws {TargetError} or what the work throws. */
export async function withMariadb<T>(
  { signal }: Pick<ProviderContext, 'signal'>,
  { host, port, tls }: DatabaseTarget,
  { user, password }: DatabaseLogin,
  work: (session: MariadbSession) => Promise<T>,
): Promise<T> {
  const { createConnection } = await import('mysql2/promise');
  const socket = new Socket({ signal });
  // An error that nobody waits for is told by the next statement.
  socket.on('error', () => undefined);
  const connecting = createConnection({
    host,
    port,
    user,
    password: password.use((plain) => plain),
    connectTimeout: CONNECT_DEADLINE_MS,
    multipleStatements: false,
    jsonStrings: true,
    charset: 'UTF8MB4_GENERAL_CI',
    // Whatever a server asks for, the password itself is never sent.
    authPlugins: { mysql_clear_password: refuse, sha256_password: refuse },
    stream: () => socket.connect(port, host),
    ...(tls && { ssl: { rejectUnauthorized: true, verifyIdentity: true } }),
  });
  let connection: Connection | undefined;
  try {
    connection = await told(connecting);
    connection.on('error', () => undefined);
    const session = sessionOf(connection);
    // The text rules are known whatever the server's are; no time limit of the server's is longer than ours.
    await session.query(
      `SET SESSION sql_mode = 'STRICT_ALL_TABLES', lock_wait_timeout = ${LOCK_DEADLINE_S}, max_statement_time = ${STATEMENT_DEADLINE_S}, wait_timeout = ${IDLE_DEADLINE_S}`,
    );
    return await work(session);
  } finally {
    await hangUp(connection, socket);
  }
}

const refuse = () => () => {
  throw new Error('refused');
};

function sessionOf(connection: Connection): MariadbSession {
  const run = (sql: string, values: readonly unknown[]) =>
    connection.query<RowDataPacket[]>({ sql, values: [...values], timeout: ANSWER_DEADLINE_MS });
  const query = async <Row>(statement: string, values: readonly unknown[] = []): Promise<Row[]> =>
    (await told(run(statement, values)))[0] as unknown as Row[];
  return {
    query,
    change: async (statement) => void (await told(run(statement, []), asUnknownOutcome)),
    async locked(name, work) {
      const [row] = await query<{ taken: number | null }>('SELECT GET_LOCK(?, ?) AS taken', [name, LOCK_DEADLINE_S]);
      if (row?.taken !== 1) throw new TargetError({ kind: 'transient', code: 'LockBusy' });
      // Given back with the connection.
      return work();
    },
  };
}

/** Waits for an answer; what the driver throws is replaced by what it means. */
async function told<T>(answer: Promise<T>, meaning = (failure: Failure): Failure => failure): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new TargetError(meaning(mariadbFailure(error)));
  }
}

/** Says goodbye; a server that does not answer that is left. */
async function hangUp(connection: Connection | undefined, socket: Socket): Promise<void> {
  const late = setTimeout(() => socket.destroy(), END_DEADLINE_MS);
  await connection?.end().catch(() => undefined);
  clearTimeout(late);
  connection?.destroy();
  socket.destroy();
}
