import { type Child, startChild } from '../child.ts';

export type NativeOptions = Readonly<{
  /** As people know it: `PostgreSQL`. */
  name: string;
  program: string;
  args: readonly string[];
  cwd: string;
  logFile: string;
  env?: NodeJS.ProcessEnv;
  /** What asks the program to end cleanly and soon. */
  stopSignal: 'SIGINT' | 'SIGTERM';
  /** Whose process it is, where it must not be the superuser's. */
  owner?: Owner | undefined;
}>;

/** A user and group of the system, by number. */
export type Owner = Readonly<{ uid: number; gid: number }>;

/** Long enough for a clean end, and shorter than what the stack allows its children. */
const STOP_GRACE_MS = 8_000;

/**
 * Stands between the stack and a program that cannot be leashed itself: hands signals on, ends with it. Text, because it must run as it is,
 * whether the stack runs from its sources or built.
 */
const KEEPER = `
const { spawn } = require('node:child_process');
const [options, program, ...args] = process.argv.slice(1);
const { stopSignal, owner } = JSON.parse(options);
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...owner });
child.once('error', (error) => { console.error(error.message); process.exit(1); });
child.once('exit', (code) => process.exit(code ?? 1));
const stop = () => {
  child.kill(stopSignal);
  setTimeout(() => child.kill('SIGKILL'), ${STOP_GRACE_MS}).unref();
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
`;

/** Starts a program that is no script of ours, so that it ends with the process that started it, however that ends. */
export function startNative({ name, program, args, cwd, logFile, env = process.env, stopSignal, owner }: NativeOptions): Child {
  const options = JSON.stringify({ stopSignal, owner });
  return startChild({ name, script: '--eval', args: [KEEPER, '--', options, program, ...args], env, cwd, logFile });
}
