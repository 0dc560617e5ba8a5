import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS } from '../../../src/domain/rotation/duration.ts';
import { DEFAULT_POLICY, parsePolicy } from '../../../src/domain/rotation/policy.ts';

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
    ['window=daily 22:30/59m UTC', 'open for 1h or longer'],
  ])('%s is a mistake, told', (text, mistake) => {
    expect(parsePolicy(text).mistakes).toEqual([expect.stringContaining(mistake)]);
  });

  test('a short grace is taken from those who insist', () => {
    expect(parsePolicy('grace=1h force')).toMatchObject({ policy: { graceMs: HOUR_MS }, mistakes: [] });
  });
});
