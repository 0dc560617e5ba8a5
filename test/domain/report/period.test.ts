import { describe, expect, test } from 'vitest';
import { isPeriod, parseInstant } from '../../../src/domain/report/period.ts';

describe('parseInstant', () => {
  test.each([
    ['2026-11-22', '2026-11-22T00:00:00.000Z'],
    ['2026-11-22T10:00:00Z', '2026-11-22T10:00:00.000Z'],
    ['2026-11-22T10:00:00.5+01:00', '2026-11-22T09:00:00.500Z'],
  ])('reads %s', (text, instant) => {
    expect(parseInstant(text)).toBe(instant);
  });

  test.each(['', 'yesterday', '2026', '2026-11', '2026-13-01', '2026-11-22T10:00:00', '2026-11-22T::Z', '22.11.2026'])(
    'refuses %j',
    (text) => {
      expect(parseInstant(text)).toBeUndefined();
    },
  );
});

test('a period ends after it begins, and is no longer than two years', () => {
  const at = (day: string) => `${day}T00:00:00.000Z`;
  expect(isPeriod(at('2026-01-01'), at('2026-04-01'))).toBe(true);
  expect(isPeriod(at('2024-01-01'), at('2026-01-01'))).toBe(true);
  expect(isPeriod(at('2024-01-01'), at('2026-01-02'))).toBe(false);
  expect(isPeriod(at('2026-01-01'), at('2026-01-01'))).toBe(false);
});
