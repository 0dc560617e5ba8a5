import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';

const USAGE = join(import.meta.dirname, '../preload/usage.cjs');
const FUNCTIONS_CORE = join(import.meta.dirname, '../preload/functions-core.cjs');

/** What a finished Node process used. */
export type Usage = Readonly<{
  /** From its start to its end, as its parent saw it. */
  wallMs: number;
  /** User and system time. */
  cpuMs: number;
  /** Peak resident memory. */
  peakMiB: number;
  /** Registered functions, where it loaded a function app. */
  functions: number;
  stdout: string;
}>;

/** Ones that would change what is measured: a cache that only some runs find, options that add work. */
const LEFT_OUT = ['NODE_OPTIONS', 'NODE_COMPILE_CACHE', 'NODE_V8_COVERAGE'];

/**
 * Runs Node to its end.
 *
 * @throws {Error} with what it printed, when it fails.
 */
export async function runNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Usage> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !LEFT_OUT.includes(name)));
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--require', USAGE, ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const killWithParent = () => child.kill('SIGKILL');
  process.once('exit', killWithParent);

  const [, stdout, stderr, report] = child.stdio;
  const printed = Promise.all([stdout, stderr, report].map((stream) => text(stream as NodeJS.ReadableStream)));
  const [code] = await once(child, 'exit');
  const wallMs = performance.now() - startedAt;
  process.off('exit', killWithParent);

  const [out = '', errors = '', usage = ''] = await printed;
  if (code !== 0) throw new Error(`node ${args.join(' ')} failed: ${errors || out}`);
  return { wallMs, stdout: out, ...(JSON.parse(usage) as Omit<Usage, 'wallMs' | 'stdout'>) };
}

/** Loads a function app as the Functions worker does, without the worker. */
export const loadFunctionApp = (path: string, env: Readonly<Record<string, string>>): Promise<Usage> =>
  runNode(['--require', FUNCTIONS_CORE, path], env);
