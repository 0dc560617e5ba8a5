import { describe, expect, test } from 'vitest';
import { ageInWords, distanceInWords, durationInWords, shortAge, shortDistance, sizeInWords } from '../../src/cli/output/words.ts';

const NOW = new Date('2026-11-22T10:00:00Z');

describe('ageInWords', () => {
  test.each([
    ['2026-11-22T09:59:30Z', 'just now'],
    ['2026-11-22T10:00:30Z', 'just now'],
    ['2026-11-22T09:59:00Z', '1 minute ago'],
    ['2026-11-22T08:31:00Z', '89 minutes ago'],
    ['2026-11-22T08:00:00Z', '2 hours ago'],
    ['2026-11-21T00:00:00Z', '34 hours ago'],
    ['2026-11-20T10:00:00Z', '2 days ago'],
    ['2026-11-22T10:05:00Z', 'just now'],
    ['2026-11-22T10:06:00Z', 'in 6 minutes'],
    ['2026-11-22T16:00:00Z', 'in 6 hours'],
    [null, 'never'],
  ])('%s is %s', (at, words) => {
    expect(ageInWords(at, NOW)).toBe(words);
  });
});

test('an instant to come is told as it is, however near', () => {
  expect(distanceInWords('2026-11-22T10:05:00Z', NOW)).toBe('in 5 minutes');
});

describe('durationInWords', () => {
  test.each([
    [0, '0.0 s'],
    [9_940, '9.9 s'],
    [9_960, '10 s'],
    [59_400, '59 s'],
    [59_600, '1 min 00 s'],
    [185_000, '3 min 05 s'],
    [3_599_900, '1 h 00 min'],
    [7_800_000, '2 h 10 min'],
  ])('%i ms is %s', (ms, words) => {
    expect(durationInWords(ms)).toBe(words);
  });
});

describe('sizeInWords', () => {
  test.each([
    [null, '-'],
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1024 * 1024 - 1, '1.0 MiB'],
    [5 * 1024 ** 4 * 1024, '5120.0 TiB'],
  ])('%s bytes are %s', (bytes, words) => {
    expect(sizeInWords(bytes)).toBe(words);
  });
});

test.each([
  ['2026-11-22T10:00:00Z', '0 min ago'],
  ['2026-11-22T09:48:00Z', '12 min ago'],
  ['2026-11-22T13:00:00Z', 'in 3 h'],
  ['2026-09-27T10:00:00Z', '56 d ago'],
  [null, '-'],
])('%s is %s in a table', (at, words) => {
  expect(shortDistance(at, NOW)).toBe(words);
});

test.each([
  ['2026-11-22T10:05:00Z', '0 min ago'],
  ['2026-11-22T10:06:00Z', 'in 6 min'],
  ['2026-11-22T09:48:00Z', '12 min ago'],
  [null, '-'],
])('what was at %s is %s in a table', (at, words) => {
  expect(shortAge(at, NOW)).toBe(words);
});
