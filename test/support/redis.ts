import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@redis/client';
import type { RunningTarget } from '../../src/local/stack/targets/programs.ts';
import { findRedis, type RedisOptions, startRedis } from '../../src/local/stack/targets/redis.ts';
import { describeWith } from './databases.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

/** One real Redis server, asked past every provider. */
export type TestRedisNode = Readonly<{
  server: RunningTarget;
  /** Runs a command as the administrator. */
  run(...command: string[]): Promise<unknown>;
  /** False when the login is refused. */
  accepts(user: string, password: string): Promise<boolean>;
  /** How many passwords a user has. */
  passwordsOf(user: string): Promise<number>;
  /** A session of a user's, as long as the work takes. */
  as<T>(user: string, password: string, work: (run: (...command: string[]) => Promise<unknown>) => Promise<T>): Promise<T>;
  /** Ends it as a power cut does, and starts it again where it was. */
  killAndRestart(): Promise<void>;
}>;

/** A primary behind a proxy, and its replica. */
export type TestRedis = Readonly<{
  primary: TestRedisNode;
  replica: TestRedisNode;
  proxy: FaultProxy;
  /** `rot-target`, through the proxy. */
  target: string;
  /** What the secret that `rot-admin` names holds. */
  admin: string;
  /** Makes a user on both with a password. */
  makeUser(name: string, password: string, ...rules: string[]): Promise<void>;
  stop(): Promise<void>;
}>;

export const describeWithRedis = (name: string, tests: () => void): void => describeWith(findRedis(), name, tests);
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export async function startRedisNode(
  options: Omit<RedisOptions, 'folder'> = {},
): Promise<TestRedisNode & Readonly<{ stop(): Promise<void> }>> {
  const folder = mkdtempSync(join(tmpdir(), 'hsmkeep-redis-'));
  const start = async (port?: number): Promise<RunningTarget> => {
    const started = await startRedis({ ...options, folder, ...(port !== undefined && { port }) });
    if ('absent' in started) throw new Error(started.absent);
    return started;
  };
  let server = await start();
  const { port, admin } = server;
  const as = async <T>(username: string, password: string, work: (client: ReturnType<typeof createClient>) => Promise<T>): Promise<T> => {
    const client = createClient({ username, password, RESP: 2, socket: { host: '127.0.0.1', port, reconnectStrategy: false } });
    client.on('error', () => undefined);
    await client.connect();
    return work(client as unknown as ReturnType<typeof createClient>).finally(() => client.destroy());
  };
  const run = (...command: string[]) => as<unknown>(admin.user, admin.password, (client) => client.sendCommand(command));
  return {
    server,
    run,
    async passwordsOf(user) {
      const told = (await run('ACL', 'GETUSER', user)) as unknown[];
      return (told[told.indexOf('passwords') + 1] as unknown[]).length;
    },
    as: (user, password, work) => as(user, password, (client) => work((...command) => client.sendCommand(command))),
    accepts: (user, password) =>
      as(user, password, async () => true).catch((error: Error) => {
        if (/^(WRONGPASS|NOAUTH)/.test(error.message)) return false;
        throw error;
      }),
    async killAndRestart() {
      const pid = Number(/process_id:(\d+)/.exec(String(await run('INFO', 'server')))?.[1]);
      process.kill(pid, 'SIGKILL');
      await server.stop();
      server = await start(port);
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function startTestRedis(): Promise<TestRedis> {
  const primary = await startRedisNode();
  const replica = await startRedisNode({ replicaOf: primary.server });
  // Users are not replicated, yet the primary must know that it has a replica.
  const linked = async () => {
    while (!/slave0:\S+state=online/.test(String(await primary.run('INFO', 'replication')))) await delay(25);
  };
  await linked();
  const proxy = await startFaultProxy(primary.server.port);
  const { user, password } = primary.server.admin;
  return {
    primary: { ...primary, killAndRestart: () => primary.killAndRestart().then(linked) },
    replica: { ...replica, killAndRestart: () => replica.killAndRestart().then(linked) },
    proxy,
    target: `redis://127.0.0.1:${proxy.port}`,
    admin: JSON.stringify({ username: user, password }),
    async makeUser(name, first, ...rules) {
      for (const node of [primary, replica])
        await node.run('ACL', 'SETUSER', name, 'reset', 'on', `>${first}`, '~*', '+@read', '+ping', ...rules);
    },
    async stop() {
      await proxy.stop();
      await replica.stop();
      await primary.stop();
    },
  };
}
