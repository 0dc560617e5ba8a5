import { afterAll, beforeAll, describe, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import {
  BY_CANARY,
  DRILL_ACTIVITIES,
  drillStack,
  type KilledDrill,
  killDrillAfter,
  killDrillAtBoundary,
  prepareDrills,
  WHOLE,
} from '../support/drill-rounds.ts';
import { BOUNDARIES } from '../support/kill-rounds.ts';

const RANDOM_ROUNDS = 25;
const LONGEST_MS = 3_000;

let stack: AppStack;
let folders: ReadonlyMap<string, string>;
const matrix: KilledDrill[] = [];
beforeAll(async () => {
  // The timer would take a drill of its own for due when the clock passes the first of a month.
  stack = await startAppStack({ ...drillStack, timeScale: 1, timers: false });
  const stopHurrying = stack.hurry();
  folders = await prepareDrills(stack);
  await stopHurrying();
});
afterAll(async () => {
  await stack?.stop();
  console.log(matrix.map(({ at, run, restores }) => `${run.subject}\t${at}\t${run.status}\t${restores} restore`).join('\n'));
});

describe.each([BY_CANARY, WHOLE])('a drill by $mode', (drilled) => {
  const folder = (): string => folders.get(drilled.hsm) ?? '';

  for (const activity of DRILL_ACTIVITIES[drilled.mode]) {
    for (const boundary of BOUNDARIES) {
      test(`a kill at ${boundary} of ${activity} keeps the law`, async () => {
        matrix.push(await killDrillAtBoundary(stack, drilled, folder(), `${boundary}:${activity}:1`));
      });
    }
  }

  test(`${RANDOM_ROUNDS} kills at random keep the law`, async () => {
    for (let round = 0; round < RANDOM_ROUNDS; round += 1) {
      matrix.push(await killDrillAfter(stack, drilled, folder(), Math.floor(Math.random() * LONGEST_MS)));
    }
  });
});
