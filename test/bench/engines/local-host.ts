import { join } from 'node:path';
import * as df from 'durable-functions';
import { createCoreModule } from '../../../src/local/host/core-module.ts';
import { createEngine } from '../../../src/local/host/durable/engine.ts';
import { openSqliteStore } from '../../../src/local/host/durable/store-sqlite.ts';
import { SystemClock } from '../../../src/local/host/system-clock.ts';
import { type BenchEngine, keepGoing, STEPS } from './engine.ts';

const DEADLINE_MS = 300_000;

/** The local host's engine, with its SQLite store in the folder. */
export async function openLocalHost(folder: string): Promise<BenchEngine> {
  const core = createCoreModule();
  registerFunctions();
  const app = await core.finishStartUp(folder);
  const engine = await createEngine({ app, store: openSqliteStore(join(folder, 'durable.db')), clock: new SystemClock() });

  const run = async (name: string, input: unknown, expected: unknown): Promise<void> => {
    const id = await engine.start({ name, inputJson: JSON.stringify(input) });
    const ended = await engine.waitForEnd(id, DEADLINE_MS);
    if (ended?.status !== 'Completed' || ended.outputJson !== JSON.stringify(expected)) {
      throw new Error(`${name} ended as ${ended?.status}: ${ended?.outputJson}`);
    }
  };
  return {
    chains: (count, inFlight) => keepGoing(count, inFlight, () => run('chain', STEPS, STEPS)),
    fanOut: (width) => run('fanOut', width, width),
  };
}

function registerFunctions(): void {
  df.app.activity('plusOne', { handler: (n: number) => n + 1 });
  df.app.orchestration('chain', function* (context) {
    const steps = context.df.getInput<number>();
    let n = 0;
    for (let step = 0; step < steps; step += 1) n = yield context.df.callActivity('plusOne', n);
    return n;
  });
  df.app.orchestration('fanOut', function* (context) {
    const width = context.df.getInput<number>();
    const tasks = Array.from({ length: width }, (_, n) => context.df.callActivity('plusOne', n));
    const results: number[] = yield context.df.Task.all(tasks);
    return results.length;
  });
}
