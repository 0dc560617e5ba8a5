import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { keepWaiting } from '../support/long-waits.ts';

/** Design: no orchestration has more activity turns than this, whatever the number of blobs, keys or the length of a job. */
const MOST_ACTIVITIES = 100;

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({ timeScale: 1 });
});
afterAll(() => stack?.stop());

test('a backup that waits almost to every deadline has a bounded history', { timeout: 180_000 }, async () => {
  const id = await stack.backupNow('contoso-hsm');
  const stopHurrying = stack.hurry(120_000);
  await keepWaiting(stack, id, [
    { step: 'Pre-backup check', method: 'POST', path: '/prebackup', how: 'busy', minutes: 70 },
    { step: 'Start', method: 'POST', path: '/backup', how: 'busy', minutes: 70 },
    { step: 'Backup', method: 'GET', path: '/backup/*/pending', how: 'running', minutes: 120 },
  ]);
  const run = await stack.runEnd(id).finally(stopHurrying);
  expect(run.status, JSON.stringify(run.steps)).toBe('Completed');

  const turns = await stack.activityTurns(run.id);
  expect(turns).toBeGreaterThan(40);
  expect(turns).toBeLessThanOrEqual(MOST_ACTIVITIES);
});
