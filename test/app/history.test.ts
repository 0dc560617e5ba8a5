import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';

/** Design: no orchestration has more activity turns than this, whatever the number of blobs, keys or the length of a job. */
const MOST_ACTIVITIES = 100;

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({ timeScale: 1 });
});
afterAll(() => stack?.stop());

test('a backup that runs for hours, of an HSM that was busy for an hour, has a bounded history', { timeout: 120_000 }, async () => {
  const fault = (match: object, rest: object) => stack.emulator.control.fault({ match: { host: 'contoso-hsm', ...match }, ...rest });
  const busy = { action: 'answer', status: 409, body: { error: { code: '409', message: 'Another backup operation is in progress.' } } };
  const running = {
    action: 'answer',
    status: 200,
    body: { status: 'InProgress', jobId: 'x', startTime: 1, endTime: null, error: null, statusDetails: null },
  };
  await fault({ method: 'POST', path: '/prebackup' }, { times: 12, ...busy });
  await fault({ method: 'POST', path: '/backup' }, { times: 12, ...busy });
  await fault({ method: 'GET', path: '/backup/*/pending' }, { skip: 1, times: 36, ...running });

  const stopHurrying = stack.hurry(60_000);
  const run = await stack.backupNow('contoso-hsm').then(stack.runEnd).finally(stopHurrying);
  expect(run.status, JSON.stringify(run.steps)).toBe('Completed');

  const turns = await stack.activityTurns(run.id);
  expect(turns).toBeGreaterThan(60);
  expect(turns).toBeLessThanOrEqual(MOST_ACTIVITIES);
});
