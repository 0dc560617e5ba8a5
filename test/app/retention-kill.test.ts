import { afterAll, beforeAll, describe, test } from 'vitest';
import type { AppStack } from '../support/app-stack.ts';
import { killedAtBoundary, killedAtRequest, PRUNING_REQUESTS, startPruningStack } from '../support/prune-rounds.ts';

let stack: AppStack;
beforeAll(async () => {
  stack = await startPruningStack();
});
afterAll(() => stack?.stop());

/** All the boundaries and requests are in the soak. */
describe('a nightly run whose host is killed while it prunes shows whole backups only, and ends what it began', () => {
  test('killed with the marks written and nobody told', () => killedAtBoundary(stack, 'after-activity:markBackups:1').then(() => {}));

  test.each(PRUNING_REQUESTS.filter(([what]) => what.startsWith('a blob')))('killed when %s', (_what, request) =>
    killedAtRequest(stack, request).then(() => {}),
  );
});
