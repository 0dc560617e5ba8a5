import type { Connection } from 'mysql2/promise';
import { startMariadb } from '../targets/mariadb.ts';
import type { RunningTarget } from '../targets/programs.ts';
import { adminSecret, type DemoServer, inDemoVault, type LeftOut, managedBy, randomPassword } from './demo-secret.ts';
import type { StartDemoServer } from './servers.ts';

const NAME = 'MariaDB';
const ADMIN_SECRET = 'reports-db-admin';
const USER = 'reports';
const REFUSED = ['ER_ACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR'];
const CONNECT_DEADLINE_MS = 10_000;

/** A MariaDB server with one user, whose account takes the old and the new password for a while. */
export const startMariadbDemo: StartDemoServer = async ({ folder, port, part }): Promise<DemoServer | LeftOut> => {
  const server = await startMariadb({ folder, port, ...part });
  if ('absent' in server) return { name: NAME, why: server.absent };
  part.started({ name: NAME, ...server });
  const target = `mariadb://${server.host}:${server.port}`;
  return {
    name: NAME,
    target,
    secrets: [
      adminSecret(ADMIN_SECRET, server.admin),
      {
        name: 'reports-db',
        tags: managedBy('mariadb', {
          'rot-target': target,
          'rot-principal': USER,
          'rot-admin': inDemoVault(ADMIN_SECRET),
          'rot-policy': 'every=60d;grace=7d;format=conn:Password',
        }),
        first: () => `Server=${server.host};User Id=${USER};Password=${randomPassword()};`,
        provide: (value) => provideUser(server, passwordOf(value)),
        accepts: (value) => accepts(server, passwordOf(value)),
      },
    ],
  };
};

const passwordOf = (value: string): string => /Password=([^;]*)/.exec(value)?.[1] ?? '';

const provideUser = (server: RunningTarget, password: string): Promise<void> =>
  withLogin(server, server.admin, async (connection) => {
    await connection.query(`CREATE USER IF NOT EXISTS ?@'%' IDENTIFIED BY ?`, [USER, password]);
  });

async function accepts(server: RunningTarget, password: string): Promise<boolean> {
  try {
    await withLogin(server, { user: USER, password }, async () => undefined);
    return true;
  } catch (error) {
    if (REFUSED.includes(String((error as { code?: string }).code))) return false;
    throw error;
  }
}

async function withLogin(
  { host, port }: RunningTarget,
  { user, password }: Readonly<{ user: string; password: string }>,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection({ host, port, user, password, connectTimeout: CONNECT_DEADLINE_MS });
  try {
    await work(connection);
  } finally {
    await connection.end();
  }
}
