import { afterAll, beforeAll, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { BOUNDARIES } from '../support/kill-rounds.ts';
import {
  type KilledRestore,
  killRestoreAfter,
  killRestoreAtBoundary,
  LANDING_ACTIVITIES,
  RESTORE_ACTIVITIES,
} from '../support/restore-rounds.ts';
import { grantRestoreDuty, hsmOf, takeBackup } from '../support/restores.ts';

const RANDOM_ROUNDS = 25;
const LONGEST_MS = 3_000;

let stack: AppStack;
let folder: string;
const matrix: KilledRestore[] = [];
beforeAll(async () => {
  stack = await startAppStack({ timeScale: 1, copyDays: 1 });
  await grantRestoreDuty(stack);
  await hsmOf(stack).createKey('payments');
  const stopHurrying = stack.hurry();
  folder = await takeBackup(stack);
  await stopHurrying();
});
afterAll(async () => {
  await stack?.stop();
  console.log(matrix.map(({ at, run, starts }) => `${at}\t${run.status}\t${starts} restore`).join('\n'));
});

for (const activity of [...LANDING_ACTIVITIES, ...RESTORE_ACTIVITIES]) {
  for (const boundary of BOUNDARIES) {
    test(`from the immutable copy, a kill at ${boundary} of ${activity} keeps the law`, async () => {
      matrix.push(await killRestoreAtBoundary(stack, folder, `${boundary}:${activity}:1`, 'immutableCopy'));
    });
  }
}

test(`from the immutable copy, ${RANDOM_ROUNDS} kills at random keep the law`, async () => {
  for (let round = 0; round < RANDOM_ROUNDS; round += 1) {
    matrix.push(await killRestoreAfter(stack, folder, Math.floor(Math.random() * LONGEST_MS), 'immutableCopy'));
  }
});
