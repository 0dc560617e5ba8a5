import fc from 'fast-check';
import { expect } from 'vitest';

/** `npm run soak` has ten thousand; its mutation runs do with fewer. */
const LAW_CASES = Number(process.env['HSMKEEP_LAW_CASES'] ?? 1_000);

/**
 * Tries a law on random cases, and makes sure that often enough they meant something.
 *
 * @param law Throws where it is broken. @returns Whether the case could have broken it: nothing is proven by a plan that deletes nothing.
 * @param share Of the usual number of cases: less for a law that holds of simple things, or is slow to look at.
 */
export function holds<T>(cases: fc.Arbitrary<T>, law: (example: T) => boolean, share = 1): void {
  const numRuns = Math.ceil(LAW_CASES * share);
  let telling = 0;
  fc.assert(
    fc.property(cases, (example) => {
      if (law(example)) telling++;
    }),
    { numRuns },
  );
  expect(telling, 'cases that meant something').toBeGreaterThan(numRuns / 10);
}
