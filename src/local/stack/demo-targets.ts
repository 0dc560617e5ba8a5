import { join } from 'node:path';
import type { DataFolder } from './data-folder.ts';
import type { StartPart } from './part.ts';
import { ifFree, rememberedPorts, rememberPorts } from './ports.ts';
import { startRedis } from './targets/redis.ts';

/** A real server of the stack whose user is rotated. */
export type DemoTarget = Readonly<{
  /** `rot-target` */
  url: string;
  /** `rot-principal` */
  user: string;
  /** What `rot-admin` stands for. */
  admin: Readonly<{ user: string; password: string }>;
}>;

/** Undefined where the server is not installed. */
export type DemoTargets = Readonly<{ redis?: DemoTarget }>;

const REDIS_USER = 'contoso-web';

/** Starts the servers that are installed on this machine, on the ports of last time, so that secrets go on pointing at them. */
export async function startDemoTargets(folder: DataFolder, part: StartPart): Promise<DemoTargets> {
  const redisFolder = join(folder.path, 'redis');
  const portsFile = join(redisFolder, 'ports.json');
  const known = await ifFree(rememberedPorts(portsFile)['redis']);
  const redis = await startRedis({
    folder: redisFolder,
    deadlineMs: part.deadlineMs,
    signal: part.signal,
    ...(known !== 0 && { port: known }),
  });
  if ('absent' in redis) return {};

  part.started({ name: 'Redis', log: redis.log, stop: redis.stop, ended: new Promise(() => undefined) });
  rememberPorts(portsFile, { redis: redis.port });
  return { redis: { url: `redis://${redis.host}:${redis.port}`, user: REDIS_USER, admin: redis.admin } };
}

/** Makes the Redis user with its first password, unless it is there. */
export async function provideRedisUser({ url, user, admin }: DemoTarget, password: string): Promise<void> {
  const { createClient } = await import('@redis/client');
  const client = createClient({ url, username: admin.user, password: admin.password, RESP: 2, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  await client.connect();
  try {
    if ((await client.sendCommand(['ACL', 'GETUSER', user])) !== null) return;
    await client.sendCommand(['ACL', 'SETUSER', user, 'on', `>${password}`, '~*', '+@read', '+@write', '+ping']);
    await client.sendCommand(['ACL', 'SAVE']);
  } finally {
    client.destroy();
  }
}
