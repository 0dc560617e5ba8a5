import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Run } from '../../../src/domain/run.ts';
import { type AppStack, startAppStack } from '../../support/app-stack.ts';
import { inTurn, medianOf } from '../runner/rounds.ts';
import type { Row } from '../runner/row.ts';
import { type ProcessorTime, processorTime, spent } from '../support/processor-time.ts';

const ROUNDS = 3;
const MANY = 50;
const LOOK_EVERY_MS = 100;
const NAMES = Array.from({ length: MANY }, (_, index) => `hsm-${String(index + 1).padStart(2, '0')}`);

/** What hsmkeep adds to the HSM's own work, which takes no time here; and whether many HSMs at once hold one another up. */
export const nightly: Row = {
  name: 'nightly',
  title: `a nightly run's own time, and ${MANY} HSMs at once beside one`,
  async measure({ rounds, progress }) {
    progress(`starting Azurite, the emulator with ${MANY} HSMs and the host …`);
    const stack = await startAppStack({ hsms: NAMES, timeScale: 0 });
    try {
      const [first = ''] = NAMES;
      await backUp(stack, [first]);
      progress(`one HSM and ${MANY} at once, in turn …`);
      const samples = await inTurn(rounds(ROUNDS), { one: () => backUp(stack, [first]), many: () => backUp(stack, NAMES) });
      const one = medianOf(samples.one, ({ ms }) => ms) / 1000;
      return [
        {
          what: 'nightly run of one HSM, wall',
          unit: 's',
          ours: one,
          target: { of: 'ours', atMost: 5 },
          note: 'the HSM and storage answer at once; the waits between two looks at a job or a listing are in it',
        },
        {
          what: `nightly run of ${MANY} HSMs at once, wall`,
          unit: 's',
          ours: medianOf(samples.many, ({ ms }) => ms) / 1000,
          baseline: { name: 'one', value: one },
          target: { of: 'ratio', atMost: 1.5 },
          note: sharedCores(samples.many.at(-1)?.used ?? new Map()),
        },
      ];
    } finally {
      await stack.stop();
    }
  },
};

/** On Azure only the host's part is ours to pay; here it shares the machine with the stand-ins for everything else. */
function sharedCores(used: ProcessorTime): string {
  const cores = availableParallelism();
  const parts = [...used].map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`);
  const total = [...used.values()].reduce((sum, seconds) => sum + seconds, 0);
  const bound = (total / cores).toFixed(1);
  return `host, emulator (this process) and Azurite share ${cores} cores; processor time: ${parts.join(', ')}: not below ${bound} s here`;
}

/** `ms`: until the last has ended. */
type Night = Readonly<{ ms: number; used: ProcessorTime }>;

/** Backs HSMs up at once. @throws {Error} when one did not complete. */
async function backUp(stack: AppStack, hsms: readonly string[]): Promise<Night> {
  const before = processorTime();
  const startedAt = performance.now();
  const ids = await Promise.all(hsms.map((hsm) => stack.backupNow(hsm)));
  // One after the other: looking at all of them all the time would be work for the app that is measured.
  for (const id of ids) {
    const { status, subject, steps } = await ended(stack, id);
    if (status !== 'Completed') throw new Error(`The backup of ${subject} ended as ${status}: ${JSON.stringify(steps)}`);
  }
  return { ms: performance.now() - startedAt, used: spent(before, processorTime()) };
}

async function ended(stack: AppStack, id: string): Promise<Run> {
  for (;;) {
    const { status, body, text } = await stack.api(`/runs/${id}`);
    if (status === 200 && body.endedAt) return body as Run;
    if (status !== 200 && status !== 404) throw new Error(`${id} cannot be looked at: ${status} ${text}`);
    await delay(LOOK_EVERY_MS);
  }
}
