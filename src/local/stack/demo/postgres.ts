import { chmodSync, lstatSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientBase } from 'pg';
import { writeFileAtomically } from '../../host/atomic-file.ts';
import { startPostgres } from '../targets/postgres.ts';
import { lesserOwner, type RunningTarget } from '../targets/programs.ts';
import { adminSecret, type DemoServer, inDemoVault, type LeftOut, managedBy, randomPassword } from './demo-secret.ts';
import type { StartDemoServer } from './servers.ts';

const NAME = 'PostgreSQL';
const ADMIN_SECRET = 'orders-db-admin';
/** Owns everything; two users that can do the same take turns as its members. */
const OWNER_ROLE = 'orders_owner';
const USERS = ['orders_a', 'orders_b'] as const;
/** PostgreSQL's codes for a login that it refuses: wrong password, no login allowed. */
const REFUSED = ['28P01', '28000'];
const CONNECT_DEADLINE_MS = 10_000;

/** A PostgreSQL server with two users that take turns. */
export const startPostgresDemo: StartDemoServer = async ({ folder, port, part }): Promise<DemoServer | LeftOut> => {
  const server = await startPostgres({ folder: reachableFolder(folder), port, ...part });
  if ('absent' in server) return { name: NAME, why: server.absent };
  part.started({ name: NAME, ...server });
  return {
    name: NAME,
    target: `postgres://${server.host}:${server.port}`,
    secrets: [
      adminSecret(ADMIN_SECRET, server.admin),
      {
        name: 'orders-db',
        tags: managedBy('postgres', {
          'rot-target': `postgres://${server.host}:${server.port}/postgres`,
          'rot-principal': USERS.join('|'),
          'rot-admin': inDemoVault(ADMIN_SECRET),
          'rot-policy': 'every=60d;grace=7d;format=json:password',
        }),
        first: () => JSON.stringify({ host: server.host, username: USERS[0], password: randomPassword() }),
        provide: (value) => provideUsers(server, loginOf(value)),
        accepts: (value) => accepts(server, loginOf(value)),
      },
    ],
  };
};

type Login = Readonly<{ user: string; password: string }>;

function loginOf(value: string): Login {
  const { username, password } = JSON.parse(value) as { username: string; password: string };
  return { user: username, password };
}

async function provideUsers(server: RunningTarget, { user, password }: Login): Promise<void> {
  await withLogin(server, server.admin, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [OWNER_ROLE]);
    if (rowCount) return;
    await client.query('BEGIN');
    await client.query(`CREATE ROLE ${OWNER_ROLE} NOLOGIN`);
    for (const name of USERS) {
      await client.query(`CREATE ROLE ${name} NOLOGIN IN ROLE ${OWNER_ROLE}`);
      await client.query(`ALTER ROLE ${name} SET ROLE ${OWNER_ROLE}`);
    }
    await client.query(`ALTER ROLE ${client.escapeIdentifier(user)} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    await client.query('COMMIT');
  });
}

async function accepts(server: RunningTarget, login: Login): Promise<boolean> {
  try {
    await withLogin(server, login, async () => undefined);
    return true;
  } catch (error) {
    if (REFUSED.includes(String((error as { code?: string }).code))) return false;
    throw error;
  }
}

async function withLogin(
  { host, port }: RunningTarget,
  { user, password }: Login,
  work: (client: ClientBase) => Promise<void>,
): Promise<void> {
  const { Client } = (await import('pg')).default;
  const client = new Client({
    ...{ host, port, user, password, database: 'postgres', ssl: false },
    connectionTimeoutMillis: CONNECT_DEADLINE_MS,
    query_timeout: CONNECT_DEADLINE_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end();
  }
}

/**
 * PostgreSQL refuses to run as root, and whoever it runs as then may not look into folders of root's. A folder below the system's temporary
 * one is taken in that case, and remembered beside the one that was wanted.
 */
function reachableFolder(wanted: string): string {
  if (!lesserOwner('postgres')) return wanted;
  const note = `${wanted}.folder`;
  const known = readNote(note);
  if (known && isOurs(known)) return join(known, 'postgres');
  const made = mkdtempSync(join(tmpdir(), 'hsmkeep-postgres-'));
  chmodSync(made, 0o711);
  writeFileAtomically(note, `${made}\n`);
  return join(made, 'postgres');
}

function readNote(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Temporary folders are anybody's: one that somebody else made under that name meanwhile is not used. */
function isOurs(folder: string): boolean {
  try {
    const found = lstatSync(folder);
    return found.isDirectory() && found.uid === process.getuid?.();
  } catch {
    return false;
  }
}
