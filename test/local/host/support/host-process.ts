import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fixtureApp, temporaryFolder } from './fixture-host.ts';

const MAIN = join(import.meta.dirname, '../../../../src/local/host/main.ts');

export type Ready = Readonly<{ apiUrl: string; eventGridUrl: string; masterKey: string }>;

/** How a process ended, and what it printed. */
export type Ending = Readonly<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;

export type HostProcess = Readonly<{
  child: ChildProcess;
  dataDir: string;
  readyFile: string;
  /** Once the host answers; fails when it ends before. */
  ready: Promise<Ready>;
  ended: Promise<Ending>;
  /** Durable HTTP API and functions, with the master key. */
  call(path: string, init?: RequestInit): Promise<Response>;
}>;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs the command with the arguments as they are. */
export function runMain(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { child: ChildProcess; ended: Promise<Ending> } {
  const child = spawn(process.execPath, ['--experimental-strip-types', '--disable-warning=ExperimentalWarning', MAIN, ...args], {
    env: { ...process.env, FREQUENT: '*/30 * * * * *', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) child[stream]?.on('data', (chunk: Buffer) => (output[stream] += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return { code, signal, ...output };
  });
  return { child, ended };
}

/** Runs the fixture app in a process of its own. */
export function spawnHost(
  options: { dataDir?: string; args?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): HostProcess {
  const dataDir = options.dataDir ?? temporaryFolder();
  const readyFile = join(temporaryFolder(), 'ready.json');
  const common = ['--app', fixtureApp('app'), '--data', dataDir, '--ready-file', readyFile];
  const { child, ended } = runMain([...common, ...(options.args ?? [])], options.env);
  const ready = Promise.race([appears(readyFile), ended.then(({ stderr }) => Promise.reject(new Error(`The host ended:\n${stderr}`)))]);
  ready.catch(() => {});
  return {
    child,
    dataDir,
    readyFile,
    ready,
    ended,
    call: async (path, init = {}) => {
      const { apiUrl, masterKey } = await ready;
      return fetch(`${apiUrl}${path}`, { ...init, headers: { ...init.headers, 'x-functions-key': masterKey } });
    },
  };
}

/** Resolves with the content of a file, once it is there; it has to be there whole. */
function appears(file: string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!existsSync(file)) return;
      watcher.close();
      try {
        resolve(JSON.parse(readFileSync(file, 'utf8')));
      } catch (error) {
        reject(error);
      }
    };
    const watcher = watch(dirname(file), (_, name) => {
      if (name === basename(file)) look();
    });
    look();
  });
}
