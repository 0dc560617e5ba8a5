import { setTimeout as after } from 'node:timers/promises';
import { type ChildEngine, startChildEngine } from './child-engine.ts';

type Expected = Readonly<{ name: string; input: unknown; output: unknown }>;

/** Work of every kind: paced sequences, fan-outs with failing retries, generations, waiting, suspended, with children; enough to last for the kills. */
function mixture(rounds: number): Map<string, Expected> {
  const work = new Map<string, Expected>();
  for (let n = 0; n < 6; n += 1) {
    work.set(`paced-${n}`, { name: 'paced', input: { steps: 15 * rounds }, output: 15 * rounds });
    work.set(`wide-${n}`, { name: 'wide', input: {}, output: 40 });
    work.set(`generations-${n}`, { name: 'generationLoop', input: { generation: 0, last: 10 * rounds, sum: 0 }, output: 10 * rounds });
  }
  for (const id of WAITING) work.set(id, { name: 'events', input: {}, output: { a: 'A', b: 'B', p: 'P', q: 'Q' } });
  for (let n = 0; n < 3; n += 1) {
    const output = {
      ownParent: true,
      named: `parent-${n}-child`,
      got: { k: 2 },
      failed: "Orchestrator function 'child' failed: no key",
      retried: "Orchestrator function 'child' failed: still no key",
    };
    work.set(`parent-${n}`, { name: 'parent', input: {}, output });
  }
  return work;
}

const SUSPENDED = 'events-suspended';
const WAITING = ['events-0', 'events-1', SUSPENDED];

/**
 * Kills the engine's process at random, again and again, while much is going on; then lets everything end.
 *
 * @returns What did not end as it must: `id: status output`.
 */
export async function killAtRandom(path: string, rounds: number): Promise<string[]> {
  const work = mixture(rounds);
  let engine = await startChildEngine(path);
  for (const [instanceId, { name, input }] of work) await engine.start({ name, inputJson: JSON.stringify(input), instanceId });
  await engine.call('suspend', SUSPENDED, 'night');

  for (let round = 0; round < rounds; round += 1) {
    if (round === Math.floor(rounds / 2)) await raise(engine, ['A', 'B']);
    await after(30 + Math.random() * 250);
    await engine.kill();
    engine = await startChildEngine(path);
  }

  await raise(engine, ['P', 'Q']);
  await engine.call('resume', SUSPENDED, 'morning');
  const wrong = await Promise.all([...work].map((entry) => outcome(engine, entry)));
  await engine.kill();
  return wrong.flat();
}

async function raise(engine: ChildEngine, names: readonly string[]): Promise<void> {
  for (const instanceId of WAITING) for (const name of names) await engine.call('raiseEvent', instanceId, name, JSON.stringify(name));
}

async function outcome(engine: ChildEngine, [instanceId, { output }]: [string, Expected]): Promise<string[]> {
  const instance = await engine.waitForEnd(instanceId, 40_000);
  if (instance?.status === 'Completed' && instance.outputJson === JSON.stringify(output)) return [];
  return [`${instanceId}: ${instance?.status} ${instance?.outputJson}`];
}
