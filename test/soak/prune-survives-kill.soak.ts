import { afterAll, beforeAll, test } from 'vitest';
import type { AppStack } from '../support/app-stack.ts';
import { BOUNDARIES } from '../support/kill-rounds.ts';
import { killedAtBoundary, killedAtRequest, PRUNING_REQUESTS, PRUNING_TURNS, startPruningStack } from '../support/prune-rounds.ts';

let stack: AppStack;
beforeAll(async () => {
  stack = await startPruningStack();
});
afterAll(() => stack?.stop());

for (const turn of PRUNING_TURNS) {
  for (const boundary of BOUNDARIES) {
    test(`a prune that is killed at ${boundary} of ${turn} shows whole backups only, and ends what it began`, async () => {
      await killedAtBoundary(stack, `${boundary}:${turn}`);
    });
  }
}

test.each(PRUNING_REQUESTS)('a prune that is killed when %s does so too', async (_what, request) => {
  await killedAtRequest(stack, request);
});
