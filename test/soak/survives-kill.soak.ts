import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { BOUNDARIES, type KilledNight, killAfter, killAtBoundary, NIGHTLY_TURNS } from '../support/kill-rounds.ts';

const RANDOM_ROUNDS = 50;
const LONGEST_MS = 2_500;

let stack: AppStack;
const matrix: KilledNight[] = [];
beforeAll(async () => {
  stack = await startAppStack({ timeScale: 1 });
});
afterAll(async () => {
  await stack?.stop();
  console.log(
    matrix.map(({ at, run, newFolders, adopted }) => `${at}\t${run.status}\t${newFolders} new\t${adopted ? 'adopted' : ''}`).join('\n'),
  );
});

for (const turn of NIGHTLY_TURNS) {
  for (const boundary of BOUNDARIES) {
    test(`a kill at ${boundary} of ${turn} keeps the law`, async () => {
      matrix.push(await killAtBoundary(stack, `${boundary}:${turn}`));
    });
  }
}

test(`${RANDOM_ROUNDS} kills at random keep the law`, async () => {
  for (let round = 0; round < RANDOM_ROUNDS; round += 1) {
    const night = await killAfter(stack, Math.floor(Math.random() * LONGEST_MS));
    expect(['Completed', 'Degraded']).toContain(night.run.status);
    matrix.push(night);
  }
});
