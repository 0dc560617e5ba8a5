import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { killRestoreAfter, killRestoreAtBoundary } from '../support/restore-rounds.ts';
import { grantRestoreDuty, hsmOf, takeBackup } from '../support/restores.ts';

let stack: AppStack;
let folder: string;
beforeAll(async () => {
  stack = await startAppStack({ timeScale: 1 });
  await grantRestoreDuty(stack);
  await hsmOf(stack).createKey('payments');
  const stopHurrying = stack.hurry();
  folder = await takeBackup(stack);
  await stopHurrying();
});
afterAll(() => stack?.stop());

/** `npm run soak` does every boundary and 50 random instants. */
describe('a restore whose host is killed', () => {
  test.each(['after-activity:startBackup:1', 'before-activity:startRestore:1', 'after-commit:startRestore:1'])(
    'at %s keeps the law',
    async (at) => {
      await killRestoreAtBoundary(stack, folder, at);
    },
  );

  test('after the HSM took the request, and before its answer was stored, follows the job that was written down', async () => {
    const { run } = await killRestoreAtBoundary(stack, folder, 'after-activity:startRestore:1');
    expect(run.steps.map(({ name }) => name)).not.toContain('Find out');
  });

  test('1200 ms after its start keeps the law', async () => {
    await killRestoreAfter(stack, folder, 1_200);
  });
});
