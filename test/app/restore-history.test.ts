import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { decide, execute, grantRestoreDuty, planRestore, takeBackup } from '../support/restores.ts';

/** Design: no orchestration has more activity turns than this. */
const MOST_ACTIVITIES = 100;

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({ timeScale: 1 });
  await grantRestoreDuty(stack);
});
afterAll(() => stack?.stop());

test('a restore that waits hours for its approval, of a busy HSM, and takes hours has a bounded history', {
  timeout: 120_000,
}, async () => {
  const fault = (match: object, rest: object) => stack.emulator.control.fault({ match: { host: 'contoso-hsm', ...match }, ...rest });
  const busy = { action: 'answer', status: 409, body: { error: { code: '409', message: 'Another backup operation is in progress.' } } };
  const running = {
    action: 'answer',
    status: 200,
    body: { status: 'InProgress', jobId: 'x', startTime: 1, endTime: null, error: null, statusDetails: null },
  };
  const stopHurrying = stack.hurry(60_000);
  await takeBackup(stack);
  await stopHurrying();
  const plan = (await planRestore(stack)).body;
  await execute(stack, plan);
  for (let hours = 0; hours < 3; hours += 1) await stack.emulator.control.moveClock({ advanceMs: 3_600_000 });

  await fault({ method: 'PUT', path: '/prerestore' }, { times: 12, ...busy });
  await fault({ method: 'PUT', path: '/restore' }, { times: 12, ...busy });
  await fault({ method: 'GET', path: '/restore/*/pending' }, { skip: 1, times: 34, ...running });
  const hurry = stack.hurry(60_000);
  await decide(stack, plan);
  const run = await stack.runEnd(plan.id).finally(hurry);
  expect(run.status, JSON.stringify(run.steps)).toBe('Completed');

  const turns = await stack.activityTurns(plan.id);
  expect(turns).toBeGreaterThan(70);
  expect(turns).toBeLessThanOrEqual(MOST_ACTIVITIES);
});
