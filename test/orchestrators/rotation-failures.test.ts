import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { FAILURES, type Failure, POINTS, type Point, playFailure } from '../support/rotation-model/failures.ts';
import { provided } from '../support/rotation-model/provided.ts';

vi.mock('../../src/providers/registry.ts', () => ({ PROVIDER_IDS: ['fake'], findProvider: () => provided.provider }));

beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterAll(() => void vi.useRealTimers());

const failures = Object.entries(FAILURES) as [Failure, string][];
const points = Object.entries(POINTS) as [Point, string][];

/** Each cell of the table "What may happen to a rotation, and when" of ARCHITECTURE.md, on every kind of target. */
describe.each(points)('at %s (%s) of a rotation', (point) => {
  test.each(failures)('%s (%s), and it ends well, once', async (failure) => {
    expect((await playFailure(point, failure)).join('\n')).toBe('');
  });
});
