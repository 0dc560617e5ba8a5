import type { RunningTarget } from '../targets/programs.ts';
import { startRedis } from '../targets/redis.ts';
import { adminSecret, type DemoServer, inDemoVault, type LeftOut, managedBy, OWNER, randomPassword } from './demo-secret.ts';
import type { StartDemoServer } from './servers.ts';

const NAME = 'Redis';
const ADMIN_SECRET = 'cache-admin';
const USER = OWNER;
const REFUSED = /^(WRONGPASS|NOAUTH)/;

/** A Redis server with one user. */
export const startRedisDemo: StartDemoServer = async ({ folder, port, part }): Promise<DemoServer | LeftOut> => {
  const server = await startRedis({ folder, port, ...part });
  if ('absent' in server) return { name: NAME, why: server.absent };
  part.started({ name: NAME, ...server });
  const target = `redis://${server.host}:${server.port}`;
  return {
    name: NAME,
    target,
    secrets: [
      adminSecret(ADMIN_SECRET, server.admin),
      {
        name: 'cache-password',
        tags: managedBy('redis-acl', { 'rot-target': target, 'rot-principal': USER, 'rot-admin': inDemoVault(ADMIN_SECRET) }),
        first: randomPassword,
        provide: (value) => provideUser(server, value),
        accepts: (value) => accepts(server, value),
      },
    ],
  };
};

type Send = (...command: string[]) => Promise<unknown>;

const provideUser = (server: RunningTarget, password: string): Promise<void> =>
  withLogin(server, server.admin, async (send) => {
    if ((await send('ACL', 'GETUSER', USER)) !== null) return;
    await send('ACL', 'SETUSER', USER, 'on', `>${password}`, '~*', '+@read', '+@write', '+ping');
    await send('ACL', 'SAVE');
  });

async function accepts(server: RunningTarget, password: string): Promise<boolean> {
  try {
    await withLogin(server, { user: USER, password }, async () => undefined);
    return true;
  } catch (error) {
    if (REFUSED.test((error as Error).message)) return false;
    throw error;
  }
}

async function withLogin(
  { host, port }: RunningTarget,
  { user, password }: Readonly<{ user: string; password: string }>,
  work: (send: Send) => Promise<void>,
): Promise<void> {
  const { createClient } = await import('@redis/client');
  const client = createClient({ username: user, password, RESP: 2, socket: { host, port, reconnectStrategy: false } });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work((...command) => client.sendCommand(command));
  } finally {
    client.destroy();
  }
}
