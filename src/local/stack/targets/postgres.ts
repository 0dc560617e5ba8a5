import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntilReady } from '../child.ts';
import { freePort } from '../ports.ts';
import { startNative } from './native-child.ts';
import {
  type AbsentTarget,
  findProgram,
  lesserOwner,
  type RunningTarget,
  requireReachable,
  runOnce,
  TARGET_DEADLINE_MS,
  type TargetOptions,
  versionFolders,
} from './programs.ts';

const ADMIN = 'postgres';
const HOW_TO_GET = 'PostgreSQL is not on this machine; on Debian: apt-get install postgresql';

export type PostgresOptions = TargetOptions &
  Readonly<{
    /** Further settings, such as `log_statement: 'all'`. */
    settings?: Readonly<Record<string, string>>;
  }>;

/** Where PostgreSQL's programs are on this machine. */
export function findPostgres(): Readonly<{ initdb: string; server: string }> | AbsentTarget {
  const debian = versionFolders('/usr/lib/postgresql');
  const [initdb, server] = [findProgram('initdb', debian), findProgram('postgres', debian)];
  return initdb && server ? { initdb, server } : { absent: HOW_TO_GET };
}

/**
 * Starts a PostgreSQL server of its own, on a loopback port, passwords as SCRAM-SHA-256. It does not wait for the disk: what it holds may be
 * lost with the machine.
 *
 * @throws {OperatorError} when it does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningTarget | AbsentTarget> {
  const { folder, deadlineMs = TARGET_DEADLINE_MS, signal = new AbortController().signal, settings = {} } = options;
  const programs = findPostgres();
  if ('absent' in programs) return programs;
  const { initdb, server } = programs;

  const owner = lesserOwner('postgres');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  requireReachable(folder, owner);
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'admin-password');
  if (!existsSync(join(data, 'PG_VERSION'))) {
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    if (owner) for (const path of [folder, passwordFile]) chownSync(path, owner.uid, owner.gid);
    const how = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--locale=C', '--encoding=UTF8', '--no-sync', '--no-instructions'];
    await runOnce(initdb, ['--pgdata', data, '--username', ADMIN, ...how], { cwd: folder, owner, deadlineMs, signal });
  }

  const port = options.port ?? (await freePort());
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    shared_buffers: '16MB',
    ...settings,
  };
  const child = startNative({
    name: 'PostgreSQL',
    program: server,
    args: ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    cwd: folder,
    logFile: join(folder, 'server.log'),
    stopSignal: 'SIGINT', // SIGTERM would wait for every client to leave
    owner,
  });
  try {
    await waitUntilReady(child, () => /database system is ready to accept connections/.exec(child.log()) ?? undefined, {
      deadlineMs,
      signal,
    });
  } catch (error) {
    await child.stop();
    throw error;
  }
  const password = readFileSync(passwordFile, 'utf8');
  return { host: '127.0.0.1', port, admin: { user: ADMIN, password }, ended: child.ended, log: child.log, stop: child.stop };
}
