import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../../../domain/errors.ts';
import type { Owner } from './native-child.ts';

/** A server that runs on this machine, for local use and tests: loopback only, nothing in it worth keeping. */
export type RunningTarget = Readonly<{
  host: '127.0.0.1';
  port: number;
  /** The server's own administrator; the password is made at random for this server. */
  admin: Readonly<{ user: string; password: string }>;
  /** Resolves once it has ended, for whatever reason, with an error that says so. */
  ended: Promise<OperatorError>;
  /** All that it has logged since its start. */
  log(): string;
  /** Ends it cleanly; resolves once it is gone. Safe to call twice. */
  stop(): Promise<void>;
}>;

/** A server whose programs are not on this machine, and how to get them. */
export type AbsentTarget = Readonly<{ absent: string }>;

export type TargetOptions = Readonly<{
  /** A folder that is its alone: empty for a new server, or that of an earlier start. */
  folder: string;
  /** Default: any free one. */
  port?: number;
  /** How long it may take to be ready. */
  deadlineMs?: number;
  signal?: AbortSignal;
}>;

export const TARGET_DEADLINE_MS = 60_000;

/** Where Debian and others keep what is not on everybody's PATH. */
const FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin'];

/** The path of a program, searched for in the folders given, on the PATH and where Debian keeps servers; undefined when there is none. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, ...path, ...FOLDERS].map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Folders of Debian's versions of a server (`/usr/lib/postgresql/15/bin`), the newest first. */
export function versionFolders(base: string): string[] {
  try {
    const versions = readdirSync(base).filter((name) => /^\d+$/.test(name));
    return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(base, version, 'bin'));
  } catch {
    return [];
  }
}

/** Who a server runs as that refuses to be run by the superuser: the user that its package made, else nobody. Undefined: as ourselves. */
export function lesserOwner(user: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return ownerNamed(user) ?? ownerNamed('nobody') ?? { uid: 65_534, gid: 65_534 };
}

/** @throws {OperatorError} when a folder cannot be entered by whom a server runs as. */
export function requireReachable(folder: string, owner: Owner | undefined): void {
  if (!owner) return;
  for (let path = dirname(folder); path !== dirname(path); path = dirname(path)) {
    const { mode, uid, gid } = statSync(path);
    const shift = uid === owner.uid ? 6 : gid === owner.gid ? 3 : 0;
    if ((mode >> shift) & 1) continue;
    throw new OperatorError(
      `${path} cannot be entered by the user that the server runs as, because it must not run as root.`,
      'Use another folder, such as one below /tmp, or run as somebody else than root.',
    );
  }
}

function ownerNamed(user: string): Owner | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** Runs a program to its end. @throws {OperatorError} with the end of what it printed; the reason of the signal when that is aborted. */
export async function runOnce(
  program: string,
  args: readonly string[],
  { cwd, owner, deadlineMs, signal }: Readonly<{ cwd: string; owner?: Owner | undefined; deadlineMs: number; signal: AbortSignal }>,
): Promise<void> {
  try {
    await promisify(execFile)(program, args, { cwd, timeout: deadlineMs, signal, ...owner });
  } catch (error) {
    signal.throwIfAborted();
    const { stderr } = error as { stderr?: string };
    throw new OperatorError(
      `${program} failed: ${String(stderr || (error as Error).message).slice(-500)}`,
      'Look whether the folder is on a file system with room, and readable for the server.',
    );
  }
}
