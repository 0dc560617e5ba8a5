import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type BenchEngine, keepGoing, STEPS } from './engine.ts';

/** The part of openworkflow's interface that is used here; the package is no dependency. */
type Step = { run<T>(options: { name: string }, work: () => Promise<T>): Promise<T> };
type Input = { size: number; key: string };
type Runnable = { run(input: Input): Promise<{ workflowRun: { id: string } }> };
type Worker = { tick(): Promise<number> };
type OpenWorkflowClient = {
  defineWorkflow(options: { name: string }, body: (context: { input: Input; step: Step }) => Promise<number>): Runnable;
  newWorker(options: { concurrency: number }): Worker;
};
type Backend = { getWorkflowRun(query: { workflowRunId: string }): Promise<{ status: string } | null> };
type Modules = [
  { OpenWorkflow: new (options: { backend: Backend }) => OpenWorkflowClient },
  { BackendSqlite: { connect(path: string): Backend } },
];

/**
 * openworkflow on SQLite in the folder, with that library's own settings (WAL; SQLite's default is to flush every commit). Its worker sleeps between two
 * looks for work, so it is told when to look instead: this shows its rate, not its waiting.
 *
 * @param modules The node_modules folder that it is installed in.
 */
export async function openOpenWorkflow(folder: string, modules: string): Promise<BenchEngine> {
  const { resolve } = createRequire(join(modules, 'from-here.js'));
  const load = (name: string): Promise<unknown> => import(pathToFileURL(resolve(name)).href);
  const [{ OpenWorkflow }, { BackendSqlite }] = (await Promise.all([load('openworkflow'), load('openworkflow/sqlite')])) as Modules;
  const backend = BackendSqlite.connect(join(folder, 'openworkflow.db'));
  const client = new OpenWorkflow({ backend });

  const ends = new EventEmitter();
  const define = (name: string, body: (size: number, step: Step) => Promise<number>): Runnable =>
    client.defineWorkflow({ name }, async ({ input: { size, key }, step }) => {
      const result = await body(size, step);
      ends.emit(key);
      return result;
    });
  const chain = define('chain', async (steps, step) => {
    let n = 0;
    for (let index = 0; index < steps; index += 1) n = await step.run({ name: `step ${index}` }, async () => n + 1);
    return n;
  });
  const wide = define('fan-out', async (width, step) => {
    const steps = Array.from({ length: width }, (_, n) => step.run({ name: `step ${n}` }, async () => n + 1));
    return (await Promise.all(steps)).length;
  });

  const runIn = (worker: Worker) => async (workflow: Runnable, size: number) => {
    const key = randomUUID();
    const bodyEnded = once(ends, key);
    const { workflowRun } = await workflow.run({ size, key });
    await worker.tick();
    await bodyEnded;
    // The result is stored right after, so this asks once or twice.
    while ((await backend.getWorkflowRun({ workflowRunId: workflowRun.id }))?.status !== 'completed') await nextTurn();
  };
  return {
    async chains(count, inFlight) {
      const run = runIn(client.newWorker({ concurrency: inFlight }));
      await keepGoing(count, inFlight, () => run(chain, STEPS));
    },
    fanOut: (width) => runIn(client.newWorker({ concurrency: 1 }))(wide, width),
  };
}
