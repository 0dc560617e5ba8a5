import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { killAfter, killAtBoundary } from '../support/kill-rounds.ts';

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({ timeScale: 1 });
});
afterAll(() => stack?.stop());

/** `npm run soak` does every boundary and 50 random instants. */
describe('a nightly run whose host is killed', () => {
  test.each([
    'before-activity:startBackup:1',
    'after-commit:startBackup:1',
    'after-activity:writeRecord:1',
    'after-activity:releaseLock:1',
  ])('at %s keeps the law', async (at) => {
    await killAtBoundary(stack, at);
  });

  test('after the HSM took the request, and before its answer was stored, adopts the backup instead of taking another', async () => {
    const night = await killAtBoundary(stack, 'after-activity:startBackup:1');
    expect(night).toMatchObject({ newFolders: 1, adopted: true, run: { status: 'Degraded' } });
    expect(night.run.steps.find(({ status }) => status === 'Degraded')?.hint).toContain('pre-restore');
  });

  test('170 ms after its start keeps the law', async () => {
    await killAfter(stack, 170);
  });
});
