import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../../src/domain/retention/canonical-json.ts';
import { descending } from '../../../src/domain/retention/descending.ts';
import { holds } from './law.ts';

test('numbers go from the largest to the smallest, equal ones in their order', { timeout: 60_000 }, () => {
  const number = fc.oneof(
    { weight: 2, arbitrary: fc.integer({ min: -3, max: 3 }) },
    fc.integer({ min: -9e6, max: 9e6 }),
    fc.maxSafeInteger().map((far) => Math.trunc(far / 4)),
  );
  holds(fc.array(number, { minLength: 4, maxLength: 50 }), (numbers) => {
    const order = [...descending(Float64Array.from(numbers))];
    const expected = numbers.map((value, index) => ({ value, index })).sort((a, b) => b.value - a.value || a.index - b.index);
    expect(order).toEqual(expected.map(({ index }) => index));
    return new Set(numbers).size < numbers.length;
  });
});

test('what is the same has one form, what differs another', { timeout: 60_000 }, () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  /** The same, the fields of every object the other way round, with one more that is undefined. */
  const turned = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(turned)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries([
            ['zz', undefined],
            ...Object.entries(value)
              .toReversed()
              .map(([key, inner]) => [key, turned(inner)] as const),
          ])
        : value;
  holds(
    fc.record({ one: value, other: value }),
    ({ one, other }) => {
      expect(canonicalJson(turned(one))).toBe(canonicalJson(one));
      expect(JSON.parse(canonicalJson(one))).toEqual(JSON.parse(JSON.stringify(one)));
      const [first, second] = [one, other].map((it) => JSON.parse(JSON.stringify(it)) as unknown);
      let isSame = true;
      try {
        expect(first).toEqual(second);
      } catch {
        isSame = false;
      }
      expect(canonicalJson(one) === canonicalJson(other)).toBe(isSame);
      return typeof one === 'object';
    },
    0.3,
  );
});
