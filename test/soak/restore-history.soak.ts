import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { keepWaiting } from '../support/long-waits.ts';
import { decide, execute, grantRestoreDuty, planRestore, takeBackup } from '../support/restores.ts';

/** Design: no orchestration has more activity turns than this. */
const MOST_ACTIVITIES = 100;

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({ timeScale: 1 });
  await grantRestoreDuty(stack);
});
afterAll(() => stack?.stop());

/** In `npm test` the orchestrator alone is played so (`test/orchestrators/bounded-history.test.ts`), and a night on a host (`test/app/history.test.ts`). */
test('a restore that waits almost to every deadline has a bounded history', { timeout: 240_000 }, async () => {
  const stopEarly = stack.hurry(60_000);
  await takeBackup(stack);
  await stopEarly();
  const plan = (await planRestore(stack)).body;
  await execute(stack, plan);
  for (let hours = 0; hours < 3; hours += 1) await stack.emulator.control.moveClock({ advanceMs: 3_600_000 });
  await decide(stack, plan);

  const stopHurrying = stack.hurry(120_000);
  await keepWaiting(stack, plan.id, [
    { step: 'Pre-restore check', method: 'PUT', path: '/prerestore', how: 'busy', minutes: 70 },
    { step: 'Start', method: 'PUT', path: '/restore', how: 'busy', minutes: 70 },
    { step: 'Restore', method: 'GET', path: '/restore/*/pending', how: 'running', minutes: 120 },
  ]);
  const run = await stack.runEnd(plan.id).finally(stopHurrying);
  expect(run.status, JSON.stringify(run.steps)).toBe('Completed');

  const turns = await stack.activityTurns(plan.id);
  expect(turns).toBeGreaterThan(40);
  expect(turns).toBeLessThanOrEqual(MOST_ACTIVITIES);
});
