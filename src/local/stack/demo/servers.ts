import { join } from 'node:path';
import type { DataFolder } from '../data-folder.ts';
import type { StartPart } from '../part.ts';
import { freePort, ifFree, rememberedPorts, rememberPorts } from '../ports.ts';
import type { DemoServer, LeftOut } from './demo-secret.ts';
import { startMariadbDemo } from './mariadb.ts';
import { startPostgresDemo } from './postgres.ts';
import { startRedisDemo } from './redis.ts';
import { startWebhookDemo } from './webhook.ts';

/** Starts one server on its own folder and a free port; says why not where it cannot be. */
export type StartDemoServer = (options: Readonly<{ folder: string; port: number; part: StartPart }>) => Promise<DemoServer | LeftOut>;

export type DemoServers = Readonly<{ servers: readonly DemoServer[]; leftOut: readonly LeftOut[] }>;

const SERVERS: Readonly<Record<string, StartDemoServer>> = {
  postgres: startPostgresDemo,
  mariadb: startMariadbDemo,
  redis: startRedisDemo,
  webhook: startWebhookDemo,
};

/**
 * Starts the servers that are installed on this machine, all at once, on the ports of last time, so that what people noted stays true. The
 * stack does without one that does not come up: only the demo's secrets need it.
 */
export async function startDemoServers(folder: DataFolder, part: StartPart): Promise<DemoServers> {
  const known = rememberedPorts(folder.targetPortsFile);
  const ports: Record<string, number> = {};
  for (const name of Object.keys(SERVERS)) ports[name] = (await ifFree(known[name])) || (await freePort());
  rememberPorts(folder.targetPortsFile, ports);

  const results = await Promise.all(
    Object.entries(SERVERS).map(async ([name, start]): Promise<DemoServer | LeftOut> => {
      try {
        return await start({ folder: join(folder.path, name), port: ports[name] ?? 0, part });
      } catch (error) {
        part.signal.throwIfAborted();
        return { name, why: (error as Error).message };
      }
    }),
  );
  return {
    servers: results.flatMap((result) => ('target' in result ? [result] : [])),
    leftOut: results.flatMap((result) => ('why' in result ? [result] : [])),
  };
}
