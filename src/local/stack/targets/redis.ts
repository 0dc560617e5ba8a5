import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntilReady } from '../child.ts';
import { freePort } from '../ports.ts';
import { startNative } from './native-child.ts';
import { type AbsentTarget, findProgram, type RunningTarget, TARGET_DEADLINE_MS, type TargetOptions } from './programs.ts';

const ADMIN = 'admin';
const HOW_TO_GET = 'Redis is not on this machine; on Debian: apt-get install redis-server';

export type RedisOptions = TargetOptions &
  Readonly<{
    /** Makes it a replica of a server that this function started, with the same administrator. */
    replicaOf?: RunningTarget;
    /** `none`: neither users nor settings outlive a restart. Default: users are kept in a file. */
    persistence?: 'aclfile' | 'config' | 'none';
  }>;

/** Where Redis is on this machine. */
export function findRedis(): Readonly<{ server: string }> | AbsentTarget {
  const server = findProgram('redis-server');
  return server ? { server } : { absent: HOW_TO_GET };
}

/**
 * Starts a Redis server of its own, on a loopback port, with an administrator and nobody else.
 *
 * @throws {OperatorError} when it does not come up.
 */
export async function startRedis(options: RedisOptions): Promise<RunningTarget | AbsentTarget> {
  const { folder, deadlineMs = TARGET_DEADLINE_MS, signal = new AbortController().signal, persistence = 'aclfile', replicaOf } = options;
  const found = findRedis();
  if ('absent' in found) return found;

  const port = options.port ?? (await freePort());
  const password = prepare(options, persistence, replicaOf?.admin.password);
  const name = (file: string) => join(folder, file);
  const args = {
    bind: '127.0.0.1',
    port: String(port),
    dir: folder,
    save: '',
    ...(persistence === 'aclfile' && { aclfile: name('users.acl') }),
    ...(replicaOf && { replicaof: `127.0.0.1 ${replicaOf.port}`, masteruser: replicaOf.admin.user, masterauth: replicaOf.admin.password }),
  };
  const child = startNative({
    name: 'Redis',
    program: found.server,
    args: [
      ...(persistence === 'config' ? [name('redis.conf')] : []),
      ...Object.entries(args).flatMap(([key, value]) => [`--${key}`, ...value.split(' ')]),
    ],
    cwd: folder,
    logFile: name('server.log'),
    stopSignal: 'SIGTERM',
  });
  try {
    await waitUntilReady(child, () => /Ready to accept connections/.exec(child.log()) ?? undefined, { deadlineMs, signal });
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    host: '127.0.0.1',
    port,
    admin: { user: persistence === 'none' ? 'default' : ADMIN, password },
    ended: child.ended,
    log: child.log,
    stop: child.stop,
  };
}

/** Writes the files that the server starts from, unless an earlier start left them. @returns The administrator's password. */
function prepare({ folder }: RedisOptions, persistence: RedisOptions['persistence'], wanted?: string): string {
  const passwordFile = join(folder, 'admin-password');
  if (existsSync(passwordFile)) return readFileSync(passwordFile, 'utf8');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const password = wanted ?? randomBytes(24).toString('base64url');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const users = [`user ${ADMIN} on >${password} ~* &* +@all`, 'user default off'];
  if (persistence === 'aclfile') writeFileSync(join(folder, 'users.acl'), `${users.join('\n')}\n`, { mode: 0o600 });
  if (persistence === 'config') writeFileSync(join(folder, 'redis.conf'), `${users.join('\n')}\n`, { mode: 0o600 });
  return password;
}
