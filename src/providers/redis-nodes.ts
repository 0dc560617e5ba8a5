import { ConfigFailure, type ProviderContext } from './contract.ts';
import { type DatabaseTarget, withAdmin } from './database-target.ts';
import { type RedisSession, withRedis } from './redis-session.ts';
import { TargetError } from './target-error.ts';

/** A server and the sessions on it. Access control lists are not replicated, so each has its own. */
export type RedisNode = Readonly<{ at: Pick<DatabaseTarget, 'host' | 'port' | 'tls'>; session: RedisSession }>;

/** A user as a server has it. `hashes`: SHA-256 of the passwords, lower-case hexadecimal. */
export type RedisUser = Readonly<{ on: boolean; anyPassword: boolean; hashes: readonly string[] }>;

/**
 * Does the work with the administrator's sessions on the primary and on all of its replicas, the primary first.
 *
 * @throws {ConfigFailure} for a cluster; {TargetError} when a server cannot be reached, or is a replica where the primary is meant.
 */
export async function withNodes<T>(
  context: ProviderContext,
  target: DatabaseTarget,
  work: (nodes: readonly [RedisNode, ...RedisNode[]]) => Promise<T>,
): Promise<T> {
  return withAdmin(context, undefined, (login) =>
    withRedis(context, target, login, async (session) => {
      const primary: RedisNode = { at: target, session };
      const replicas = await replicasOf(session);
      const opened: RedisNode[] = [];
      const open = async (index: number): Promise<T> => {
        const replica = replicas[index];
        if (!replica) return work([primary, ...opened]);
        const at = { ...replica, tls: target.tls };
        return withRedis(context, at, login, (next) => {
          opened.push({ at, session: next });
          return open(index + 1);
        });
      };
      return open(0);
    }),
  );
}

/** Where the replicas are, as the primary sees them. */
async function replicasOf(session: RedisSession): Promise<readonly Readonly<{ host: string; port: number }>[]> {
  const info = await infoOf(session);
  if (info.get('redis_mode') === 'cluster')
    throw new ConfigFailure(
      'rot-target is a node of a Redis Cluster',
      'Clusters are not supported: use the provider webhook with code of your own.',
    );
  if (info.get('role') !== 'master')
    throw new TargetError({ kind: 'read-only', code: 'NotPrimary', hint: 'rot-target is a replica: name the primary.' });
  return [...info].flatMap(([name, value]) => {
    if (!/^slave\d+$/.test(name)) return [];
    const parts = new Map(value.split(',').map((part) => part.split('=') as [string, string]));
    return [{ host: parts.get('ip') ?? '', port: Number(parts.get('port')) }];
  });
}

/** `INFO` as names and values. */
export async function infoOf(session: RedisSession): Promise<ReadonlyMap<string, string>> {
  const text = String(await session.ask(['INFO']));
  return new Map(
    text.split(/\r?\n/).flatMap((line): [string, string][] => {
      const at = line.indexOf(':');
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}

/** Undefined when the server has no such user. */
export async function userOn({ session }: RedisNode, name: string): Promise<RedisUser | undefined> {
  const reply = await session.ask(['ACL', 'GETUSER', name]);
  if (!Array.isArray(reply)) return undefined;
  const field = (wanted: string): readonly string[] => {
    const at = reply.indexOf(wanted);
    const value: unknown = at < 0 ? [] : reply[at + 1];
    return Array.isArray(value) ? value.map(String) : [];
  };
  const flags = field('flags');
  return { on: flags.includes('on'), anyPassword: flags.includes('nopass'), hashes: field('passwords') };
}

/** Has a server write down its users, so that they outlive a restart. @throws {ConfigFailure} when it has nowhere to. */
export async function persist({ session }: RedisNode): Promise<void> {
  for (const command of [
    ['ACL', 'SAVE'],
    ['CONFIG', 'REWRITE'],
  ]) {
    try {
      await session.change(command);
      return;
    } catch (error) {
      // Not set up for this way; perhaps for the other.
      if (!(error instanceof TargetError) || error.failure.code !== 'ERR') throw error;
    }
  }
  throw notPersistent();
}

export const notPersistent = (): ConfigFailure =>
  new ConfigFailure(
    'the server keeps its users in memory only, so a restart would lose the new password',
    'Start it with aclfile, or from a configuration file that it may rewrite.',
  );

/** Throws out whoever is logged in as a user, if the session may (`+client|kill`): the password has ended in any case. */
export async function endSessions({ session }: RedisNode, name: string): Promise<void> {
  try {
    await session.change(['CLIENT', 'KILL', 'USER', name]);
  } catch (error) {
    if (!(error instanceof TargetError) || error.failure.kind !== 'denied') throw error;
  }
}
