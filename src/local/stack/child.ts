import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { OperatorError } from '../../domain/errors.ts';
import { LEASH } from './leash.ts';

export type ChildOptions = Readonly<{
  /** As people know it: `emulator`. */
  name: string;
  /** The script to run, with its arguments. */
  script: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Takes all that it prints; the log of the start before is kept as `<file>.1`. */
  logFile: string;
}>;

/** One process of the stack. */
export interface Child {
  readonly name: string;
  /** Resolves once it has ended, for whatever reason, with an error that says so and shows the end of its log. */
  readonly ended: Promise<OperatorError>;
  log(): string;
  /** Asks it to end, waits, and ends it by force after a deadline. Safe to call twice. */
  stop(): Promise<void>;
}

/** How long a process may take to end cleanly. */
const STOP_GRACE_MS = 15_000;
const LOG_TAIL_LINES = 12;

/**
 * Starts a process in a group of its own, so that a Ctrl-C in the terminal reaches only the stack, which then stops its parts in
 * order. The leash ends the process when the stack dies without having done so.
 */
export function startChild({ name, script, args, env, cwd, logFile }: ChildOptions): Child {
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, 'w', 0o600);
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...LEASH, script, ...args], {
    cwd,
    env,
    detached: true,
    windowsHide: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);

  const readLog = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  const ended = ending(child).then((how) => new OperatorError(`The ${name} ${how}.${tail(readLog())}`, `Its whole log is ${logFile}.`));
  return { name, ended, log: readLog, stop: () => stop(child) };
}

/** Resolves with words for how a process ended. */
function ending(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`));
  });
}

function tail(log: string): string {
  const lines = log.trimEnd().split('\n').slice(-LOG_TAIL_LINES);
  return lines.join('') === '' ? '' : ` The end of its log:\n${lines.map((line) => `  | ${line}`).join('\n')}`;
}

async function stop(child: ChildProcess): Promise<void> {
  const hasEnded = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  if (hasEnded()) return;

  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const patience = new AbortController();
  const forced = delay(STOP_GRACE_MS, undefined, { signal: patience.signal }).then(
    () => child.kill('SIGKILL'),
    () => undefined,
  );
  await gone;
  patience.abort();
  await forced;
}

const POLL_MS = 20;

/**
 * Waits until a child is ready.
 *
 * @param look Looks once; anything but undefined means ready.
 * @throws {OperatorError} when the child ends before that, or the deadline passes; the reason of the signal when it is aborted.
 */
export async function waitUntilReady<T>(
  child: Child,
  look: () => T | undefined,
  options: { deadlineMs: number; signal: AbortSignal },
): Promise<T> {
  const endOfTime = performance.now() + options.deadlineMs;
  let dead: OperatorError | undefined;
  void child.ended.then((error) => {
    dead = error;
  });

  while (true) {
    options.signal.throwIfAborted();
    const found = look();
    if (found !== undefined) return found;
    if (dead) throw dead;
    if (performance.now() > endOfTime) {
      throw new OperatorError(
        `The ${child.name} was not ready within ${options.deadlineMs / 1000} s.${tail(child.log())}`,
        'If this machine is very busy, try again.',
      );
    }
    await delay(POLL_MS);
  }
}
