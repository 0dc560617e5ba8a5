import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { waitUntilReady } from '../child.ts';
import { freePort } from '../ports.ts';
import { startNative } from './native-child.ts';
import { type AbsentTarget, findProgram, type RunningTarget, runOnce, TARGET_DEADLINE_MS, type TargetOptions } from './programs.ts';

const ADMIN = 'hsmkeep_admin';
const HOW_TO_GET = 'MariaDB is not on this machine; on Debian: apt-get install mariadb-server';

export type MariadbOptions = TargetOptions &
  Readonly<{
    /** Further options of the server, such as `--general-log`. */
    args?: readonly string[];
  }>;

/** Where MariaDB's programs are on this machine. */
export function findMariadb(): Readonly<{ install: string; server: string }> | AbsentTarget {
  const [install, server] = [findProgram('mariadb-install-db'), findProgram('mariadbd')];
  return install && server ? { install, server } : { absent: HOW_TO_GET };
}

/**
 * Starts a MariaDB server of its own on a loopback port. It does not wait for the disk: what it holds may be lost with the machine.
 *
 * @throws {OperatorError} when it does not come up.
 */
export async function startMariadb(options: MariadbOptions): Promise<RunningTarget | AbsentTarget> {
  const { folder, deadlineMs = TARGET_DEADLINE_MS, signal = new AbortController().signal, args = [] } = options;
  const programs = findMariadb();
  if ('absent' in programs) return programs;
  const { install, server } = programs;

  const data = join(folder, 'data');
  const passwordFile = join(folder, 'admin-password');
  // MariaDB clears what looks like its own out of the folder for temporary files when it starts: another server's tables, if they shared one.
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const shared = ['--no-defaults', `--datadir=${data}`, `--tmpdir=${temporary}`, `--user=${userInfo().username}`];
  if (!existsSync(passwordFile)) {
    rmSync(data, { recursive: true, force: true });
    const how = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
    await runOnce(install, [...shared, ...how], { cwd: folder, deadlineMs, signal });
    // Written last: without it the next start begins anew.
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  }
  const password = readFileSync(passwordFile, 'utf8');
  const initFile = join(folder, 'init.sql');
  writeFileSync(initFile, initSql(password), { mode: 0o600 });

  const port = options.port ?? (await freePort());
  // The path of a socket may have about a hundred bytes, and a data folder may lie deep.
  const socket = join(tmpdir(), `hsmkeep-${randomBytes(6).toString('hex')}.sock`);
  const child = startNative({
    name: 'MariaDB',
    program: server,
    args: [
      ...shared,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      `--socket=${socket}`,
      `--pid-file=${join(folder, 'server.pid')}`,
      `--init-file=${initFile}`,
      '--skip-name-resolve',
      '--innodb-buffer-pool-size=16M',
      '--innodb-flush-log-at-trx-commit=0',
      '--innodb-fast-shutdown=2',
      ...args,
    ],
    cwd: folder,
    logFile: join(folder, 'server.log'),
    stopSignal: 'SIGTERM',
  });
  const stop = async (): Promise<void> => {
    await child.stop();
    rmSync(socket, { force: true });
  };
  try {
    await waitUntilReady(child, () => /ready for connections/.exec(child.log()) ?? undefined, { deadlineMs, signal });
  } catch (error) {
    await stop();
    throw error;
  }
  return { host: '127.0.0.1', port, admin: { user: ADMIN, password }, ended: child.ended, log: child.log, stop };
}

/** The administrator, and no other way in; by hash, so that no log has the password. */
function initSql(password: string): string {
  const once = createHash('sha1').update(password).digest();
  const hash = `*${createHash('sha1').update(once).digest('hex').toUpperCase()}`;
  return [
    `CREATE OR REPLACE USER '${ADMIN}'@'127.0.0.1' IDENTIFIED VIA mysql_native_password USING '${hash}';`,
    `GRANT ALL PRIVILEGES ON *.* TO '${ADMIN}'@'127.0.0.1' WITH GRANT OPTION;`,
    `ALTER USER root@localhost IDENTIFIED VIA mysql_native_password USING '${hash}';`,
    '',
  ].join('\n');
}
