import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS } from '../../../src/domain/rotation/duration.ts';
import { DEFAULT_POLICY, parsePolicy } from '../../../src/domain/rotation/policy.ts';
import { isInside, parseWindow } from '../../../src/domain/rotation/window.ts';

describe('parsePolicy', () => {
  test('has a default for every part', () => {
    expect(parsePolicy('')).toEqual({ policy: DEFAULT_POLICY, mistakes: [] });
  });

  test('reads every part', () => {
    const text =
      'every=30d; grace=72h;window=Sat 02:00/3h Europe/Berlin soft;strategy=alternating;format=json:pw;retire=at-next;alphabet=hex;length=64';
    expect(parsePolicy(text)).toEqual({
      policy: {
        everyMs: 30 * DAY_MS,
        graceMs: 72 * HOUR_MS,
        window: { pattern: '0 0 2 * * 6', timeZone: 'Europe/Berlin', lengthMs: 3 * HOUR_MS, soft: true },
        strategy: 'alternating',
        format: { kind: 'json', member: 'pw' },
        retire: 'at-next',
        alphabet: 'hex',
        length: 64,
      },
      mistakes: [],
    });
  });

  test.each([
    ['every=0d', 'every must be'],
    ['every=sixty', 'every must be'],
    ['grace=-1d', 'grace must be'],
    ['window=Sat 25:00/3h UTC', 'window must be'],
    ['window=Sat 02:00/3h Mars/Olympus', 'window must be'],
    ['window=Someday 02:00/3h UTC', 'window must be'],
    ['window=Sat 02:00/long UTC', 'window must be'],
    ['strategy=hope', 'strategy must be'],
    ['format=xml', 'format must be'],
    ['retire=never', 'retire must be'],
    ['alphabet=klingon', 'alphabet must be'],
    ['length=15', 'length must be'],
    ['length=many', 'length must be'],
    ['colour=red', '"colour=red" is no part'],
    ['every', '"every" is no part'],
    ['grace=47h', 'below 48h'],
    ['every=14d', 'more than twice grace'],
  ])('%s is a mistake, told', (text, mistake) => {
    expect(parsePolicy(text).mistakes).toEqual([expect.stringContaining(mistake)]);
  });

  test('a short grace is taken from those who insist', () => {
    expect(parsePolicy('grace=1h force')).toMatchObject({ policy: { graceMs: HOUR_MS }, mistakes: [] });
  });
});

describe('a maintenance window', () => {
  const inside = (text: string, now: string) => {
    const window = parseWindow(text);
    if (!window) throw new Error(`${text} is no window`);
    return isInside(window, now);
  };

  test.each([
    ['2026-11-21T00:59:59.999Z', false],
    ['2026-11-21T01:00:00.000Z', true],
    ['2026-11-21T03:59:59.999Z', true],
    ['2026-11-21T04:00:00.000Z', false],
    ['2026-11-22T02:00:00.000Z', false],
  ])('of three hours on Saturdays, at %s', (now, expected) => {
    expect(inside('Sat 02:00/3h Europe/Berlin', now)).toBe(expected);
  });

  test('may go beyond midnight', () => {
    expect(inside('daily 22:30/4h UTC', '2026-11-22T01:00:00.000Z')).toBe(true);
  });

  test.each([
    ['2026-03-29T01:30:00.000Z', 'the hour that is left out'],
    ['2026-10-25T01:30:00.000Z', 'the hour that comes twice'],
  ])('is open around the clock change at %s, %s', (now) => {
    expect(inside('Sun 01:00/4h Europe/Berlin', now)).toBe(true);
  });
});
