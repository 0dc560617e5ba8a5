import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Instance } from '../../../../src/local/host/durable/engine-api.ts';

const CHILD = fileURLToPath(new URL('./crash-child.ts', import.meta.url));

/** An engine in another process. */
export interface ChildEngine {
  start(request: { name: string; inputJson: string | null; instanceId: string }): Promise<void>;
  call(method: 'raiseEvent' | 'suspend' | 'resume', instanceId: string, ...rest: readonly unknown[]): Promise<void>;
  waitForEnd(instanceId: string, timeoutMs: number): Promise<Instance | undefined>;
  /** As `kill -9` does; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Resolves to the signal that ended the process. */
  readonly gone: Promise<string | null>;
}

/** Starts the engine on a history file; resolves when it has recovered. */
export async function startChildEngine(path: string, crash = ''): Promise<ChildEngine> {
  const child = fork(CHILD, [path, crash], {
    execArgv: ['--experimental-strip-types', '--no-warnings'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit').then(([, signal]) => signal as string | null);
  const open = new Map<number, (result: unknown) => void>();
  child.on('message', (message) => {
    const { id, result } = message as { id: number; result: unknown };
    open.get(id)?.(result);
    open.delete(id);
  });
  /** Never resolves when the process is killed first. */
  const answerTo = (id: number): Promise<unknown> => new Promise((resolve) => open.set(id, resolve));
  await Promise.race([answerTo(0), gone.then((signal) => Promise.reject(new Error(`The engine did not start (${signal}).`)))]);

  let last = 0;
  const call = (method: string, ...args: readonly unknown[]): Promise<unknown> => {
    last += 1;
    child.send({ id: last, method, args });
    return answerTo(last);
  };
  return {
    gone,
    // A start may be answered by the crash that it leads to.
    start: async (request) => void (await Promise.race([call('start', request), gone])),
    call: async (method, ...args) => void (await call(method, ...args)),
    waitForEnd: (...args) => call('waitForEnd', ...args) as Promise<Instance | undefined>,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
