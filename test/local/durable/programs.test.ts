import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Ended, ended, openEngine, start, storePlace } from './support/engines.ts';
import { fixtureApp } from './support/fixture-app.ts';
import { withNumberingCheck } from './support/numbering-check.ts';

/** Timers beyond 300 ms are long ones, cut into pieces. */
const MAXIMUM_SHORT_MS = 300;
const ATTEMPTS = 3;

const task = fc.record({
  kind: fc.constantFrom('activity', 'refused', 'retried', 'timer', 'child', 'retriedChild'),
  ms: fc.oneof({ weight: 8, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.integer({ min: 301, max: 420 }) }),
  /** Attempts that fail. */
  times: fc.nat(ATTEMPTS),
});
const step = fc.record({ wait: fc.constantFrom('all', 'any'), tasks: fc.array(task, { minLength: 1, maxLength: 5 }) });
const program = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 4 }) });
type Program = typeof program extends fc.Arbitrary<infer Value> ? Value : never;

const RUNS = { numRuns: 30, interruptAfterTimeLimit: 25_000, endOnFailure: true };

test('any program of calls is numbered as the wire numbers it', async () => {
  const { app, report } = withNumberingCheck(await fixtureApp(), MAXIMUM_SHORT_MS);
  const engine = await openEngine({ app, maxMessagesPerEpisode: 1 });

  await fc.assert(
    fc.asyncProperty(program, async (input) => {
      agrees(input, await ended(engine, await start(engine, 'program', input)));
      expect(report.differences).toEqual([]);
    }),
    RUNS,
  );
  expect(report.compared).toBeGreaterThan(1000);
}, 60_000);

test('any program of calls comes to the same in batches on SQLite', async () => {
  const store = storePlace('sqlite').open();
  const engine = await openEngine({ store });

  await fc.assert(
    fc.asyncProperty(program, async (input) => agrees(input, await ended(engine, await start(engine, 'program', input)))),
    RUNS,
  );
}, 60_000);

/** A step that waits for all fails exactly when one of its tasks does; one that waits for the first may go either way. */
function agrees({ steps }: Program, { status, output }: Ended): void {
  expect(status).toBe('Completed');
  const outcomes = output as string[];
  expect(outcomes).toHaveLength(steps.length);
  for (const [n, { wait, tasks }] of steps.entries()) {
    if (wait === 'all') expect(outcomes[n]).toBe(tasks.some(fails) ? 'failed' : 'done');
  }
}

function fails({ kind, times }: Program['steps'][number]['tasks'][number]): boolean {
  if (kind === 'refused') return true;
  if (kind === 'retried') return times >= ATTEMPTS;
  return (kind === 'child' || kind === 'retriedChild') && times > 1;
}
