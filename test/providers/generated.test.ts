import { describe, expect, test } from 'vitest';
import { ALPHABETS, type Alphabet } from '../../src/domain/rotation/policy.ts';
import { generated } from '../../src/providers/generated.ts';
import { randomValue } from '../../src/providers/random-value.ts';
import { describeProviderContract, managementOf } from '../support/provider-contract.ts';

describeProviderContract(generated, async () => ({
  tags: { 'rot-provider': 'generated', 'rot-policy': 'format=json:key' },
  first: '{"key":"first","keep":true}',
  stop: async () => {},
}));

test('refuses a target, because it would never change anything there', () => {
  expect(() => generated.parse(managementOf({ 'rot-provider': 'generated', 'rot-target': 'postgres://db' }))).toThrow('rot-target');
});

describe('randomValue', () => {
  test.each(Object.keys(ALPHABETS) as Alphabet[])('of %s has every letter about as often as any other', (alphabet) => {
    // Every byte once in a row: what is left out for fairness shows as letters that come more often.
    let next = 0;
    const bytes = (count: number) => Uint8Array.from({ length: count }, () => next++ % 256);
    const letters = ALPHABETS[alphabet];
    const text = randomValue({ alphabet, length: letters.length * 40 }, bytes).use((plain) => plain);
    const counts = [...letters].map((letter) => text.split(letter).length - 1);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
  });
});
