import { describe, expect, test } from 'vitest';
import { calendarOf } from '../../../src/domain/retention/calendar.ts';
import type { RetentionRules } from '../../../src/domain/retention/policy.ts';
import { applyRules, referenceOf } from '../../../src/domain/retention/rules.ts';

type Night = Readonly<{ at: string; tags?: readonly string[] }>;
const NEWEST = '2026-02-08T02:00:00.000Z';

const nightly = (newest: string, count: number): Night[] =>
  Array.from({ length: count }, (_, night) => ({ at: new Date(Date.parse(newest) - night * 24 * 3_600_000).toISOString() }));

/** What is kept and why: `02-08` (or more of the time) to its reasons. */
function kept(rules: RetentionRules, items: readonly Night[], now = '2026-02-08T10:00:00Z', timeZone = 'UTC'): [string, string][] {
  const dated = items.map(({ at, tags }) => ({ takenMs: Date.parse(at), tags }));
  return applyRules(rules, dated, calendarOf(timeZone), referenceOf(dated, Date.parse(now))).flatMap(
    ({ reasons }, index): [string, string][] => (reasons.length > 0 ? [[items[index]?.at ?? '', reasons.join(', ')]] : []),
  );
}

const times = (decisions: [string, string][]): string[] => decisions.map(([at]) => at);
const days = (decisions: [string, string][]): [string, string][] => decisions.map(([at, why]) => [at.slice(5, 10), why]);

describe('applyRules, the worked examples', () => {
  test('A: nightly with daily, weekly and monthly counts, with what is left of them', () => {
    const items = nightly(NEWEST, 20);
    const dated = items.map(({ at }) => ({ takenMs: Date.parse(at) }));
    const verdicts = applyRules({ daily: 7, weekly: 4, monthly: 12 }, dated, calendarOf('UTC'), undefined);
    const shown = verdicts.flatMap(({ reasons, left }, index) =>
      left ? [[items[index]?.at.slice(5, 10), reasons.join(', '), `${left.daily}/${left.weekly}/${left.monthly}`]] : [],
    );
    expect(shown).toEqual([
      ['02-08', 'daily snapshot, weekly snapshot, monthly snapshot', '6/3/11'],
      ['02-07', 'daily snapshot', '5/3/11'],
      ['02-06', 'daily snapshot', '4/3/11'],
      ['02-05', 'daily snapshot', '3/3/11'],
      ['02-04', 'daily snapshot', '2/3/11'],
      ['02-03', 'daily snapshot', '1/3/11'],
      ['02-02', 'daily snapshot', '0/3/11'],
      ['02-01', 'weekly snapshot', '0/2/11'],
      ['01-31', 'monthly snapshot', '0/2/10'],
      ['01-25', 'weekly snapshot', '0/1/10'],
      ['01-20', 'oldest weekly snapshot, oldest monthly snapshot', '0/0/9'],
    ]);
  });

  test('B: of three on one day the newest stays, and the oldest because the count is not filled', () => {
    const items = ['2026-02-08T04:00:00Z', '2026-02-08T03:00:00Z', '2026-02-08T02:00:00Z'].map((at) => ({ at }));
    expect(kept({ daily: 7 }, items)).toEqual([
      ['2026-02-08T04:00:00Z', 'daily snapshot'],
      ['2026-02-08T02:00:00Z', 'oldest daily snapshot'],
    ]);
  });

  test('C: a backup of 2031 uses up a count, which is the trap', () => {
    expect(times(kept({ last: 1 }, [{ at: '2031-01-01T00:00:00Z' }, ...nightly(NEWEST, 4)]))).toEqual(['2031-01-01T00:00:00Z']);
  });

  test('D: backups that ended 40 days ago do not drain away', () => {
    expect(days(kept({ withinDaily: '7d' }, nightly(NEWEST, 11), '2026-03-20T02:00:00Z')).map(([day]) => day)).toEqual([
      '02-08',
      '02-07',
      '02-06',
      '02-05',
      '02-04',
      '02-03',
      '02-02',
    ]);
  });

  test('E: exactly on the cut-off is out, a millisecond later is in', () => {
    const items = [NEWEST, '2026-02-01T02:00:00.001Z', '2026-02-01T02:00:00.000Z'].map((at) => ({ at }));
    expect(kept({ within: '7d' }, items)).toEqual([
      [NEWEST, 'within 7d'],
      ['2026-02-01T02:00:00.001Z', 'within 7d'],
    ]);
  });

  test('F: one of each week within two weeks, and the oldest when the list ends before', () => {
    expect(days(kept({ withinWeekly: '14d' }, nightly(NEWEST, 39)))).toEqual([
      ['02-08', 'weekly within 14d'],
      ['02-01', 'weekly within 14d'],
    ]);
    expect(days(kept({ withinWeekly: '14d' }, nightly(NEWEST, 6)))).toEqual([
      ['02-08', 'weekly within 14d'],
      ['02-03', 'oldest weekly within 14d'],
    ]);
  });

  test('G: 500 nights leave 21, back to the last day of March', () => {
    const left = times(kept({ daily: 7, weekly: 4, monthly: 12 }, nightly(NEWEST, 500)));
    expect(left).toHaveLength(21);
    expect(left.at(-1)).toBe('2025-03-31T02:00:00.000Z');
  });
});

describe('applyRules', () => {
  test('keeps all with -1 and nothing with 0', () => {
    expect(kept({ last: -1 }, nightly(NEWEST, 50))).toHaveLength(50);
    expect(kept({ last: 0, daily: 0, within: '0d' }, nightly(NEWEST, 50))).toEqual([]);
  });

  test('counts an unlimited rule down never', () => {
    const verdicts = applyRules({ daily: -1 }, [{ takenMs: 0 }], calendarOf('UTC'), undefined);
    expect(verdicts[0]?.left).toEqual({ daily: -1 });
  });

  test('tells neighbouring hours apart, and the same month of two years', () => {
    const hours = ['2026-02-08T05:00:00Z', '2026-02-08T04:59:59Z', '2026-02-08T04:00:00Z'].map((at) => ({ at }));
    expect(times(kept({ hourly: 2 }, hours))).toEqual(['2026-02-08T05:00:00Z', '2026-02-08T04:59:59Z']);
    const months = ['2026-02-08T02:00:00Z', '2025-02-28T02:00:00Z', '2025-02-01T02:00:00Z'].map((at) => ({ at }));
    expect(times(kept({ monthly: 2 }, months))).toEqual(['2026-02-08T02:00:00Z', '2025-02-28T02:00:00Z']);
  });

  test('tells hours, ISO weeks and years apart', () => {
    const hours = ['2026-02-08T04:59:59Z', '2026-02-08T04:00:00Z', '2026-02-08T03:59:59Z'].map((at) => ({ at }));
    expect(kept({ hourly: 2 }, hours)).toEqual([
      ['2026-02-08T04:59:59Z', 'hourly snapshot'],
      ['2026-02-08T03:59:59Z', 'hourly snapshot'],
    ]);
    // 2024-12-30 begins week 1 of 2025; 2021-01-03 ends week 53 of 2020.
    const weeks = ['2025-01-05', '2024-12-30', '2024-12-29', '2021-01-04', '2021-01-03', '2020-12-28', '2020-12-27'];
    expect(
      times(
        kept(
          { weekly: -1 },
          weeks.map((day) => ({ at: `${day}T02:00:00Z` })),
        ),
      ).map((at) => at.slice(0, 10)),
    ).toEqual(['2025-01-05', '2024-12-29', '2021-01-04', '2021-01-03', '2020-12-27']);
    const years = ['2026-01-01T00:00:00Z', '2025-12-31T23:59:59Z', '2025-01-01T00:00:00Z', '2024-06-01T00:00:00Z'].map((at) => ({ at }));
    expect(kept({ yearly: 2 }, years)).toEqual([
      ['2026-01-01T00:00:00Z', 'yearly snapshot'],
      ['2025-12-31T23:59:59Z', 'yearly snapshot'],
    ]);
  });

  test('cuts periods where the policy’s zone does', () => {
    const items = ['2026-02-08T04:30:00Z', '2026-02-07T23:30:00Z', '2026-02-07T12:00:00Z'].map((at) => ({ at }));
    expect(times(kept({ daily: 2 }, items))).toEqual(['2026-02-08T04:30:00Z', '2026-02-07T23:30:00Z']);
    expect(times(kept({ daily: 2 }, items, '2026-02-08T10:00:00Z', 'America/New_York'))).toEqual([
      '2026-02-08T04:30:00Z',
      '2026-02-07T12:00:00Z',
    ]);
  });

  test.each([
    ['withinHourly', 'hourly within 1y2m3d4h'],
    ['withinDaily', 'daily within 1y2m3d4h'],
    ['withinWeekly', 'weekly within 1y2m3d4h'],
    ['withinMonthly', 'monthly within 1y2m3d4h'],
    ['withinYearly', 'yearly within 1y2m3d4h'],
  ] as const)('%s names its period and its duration', (rule, reason) => {
    expect(kept({ [rule]: '1y2m3d4h' }, nightly(NEWEST, 1))).toEqual([[NEWEST, reason]]);
  });

  test('keeps one of each period within a duration, without a count', () => {
    const twice = nightly(NEWEST, 4).flatMap(({ at }) => [{ at: at.replace('T02', 'T14') }, { at }]);
    expect(times(kept({ withinDaily: '3d' }, twice, '2026-02-09T00:00:00Z')).map((at) => at.slice(5, 13))).toEqual([
      '02-08T14',
      '02-07T14',
      '02-06T14',
    ]);
  });

  test('reaches back from the newest that is not in the future, which may be exactly now', () => {
    const items = [{ at: '2026-03-01T00:00:00Z' }, ...nightly(NEWEST, 3)];
    expect(times(kept({ within: '24h' }, items, NEWEST))).toEqual(['2026-03-01T00:00:00Z', NEWEST]);
  });

  test('passes everything when all of it is in the future', () => {
    expect(kept({ within: '1h' }, nightly(NEWEST, 3), '2020-01-01T00:00:00Z')).toHaveLength(3);
  });

  test('keeps what carries all tags of a list, and gives its reasons in restic’s order', () => {
    const items: Night[] = [
      { at: '2026-02-08T02:00:00Z', tags: ['b', 'a'] },
      { at: '2026-02-07T02:00:00Z', tags: ['a'] },
      { at: '2026-02-06T02:00:00Z', tags: [] },
      { at: '2026-02-05T02:00:00Z' },
    ];
    expect(kept({ keepTags: [['a', 'b']] }, items)).toEqual([['2026-02-08T02:00:00Z', 'has tags [a, b]']]);
    expect(times(kept({ keepTags: [['']] }, items))).toEqual(['2026-02-06T02:00:00Z', '2026-02-05T02:00:00Z']);
    expect(kept({ keepTags: [['a']], within: '1h', last: 1, yearly: 1, withinDaily: '1h' }, items)[0]?.[1]).toBe(
      'has tags [a], within 1h, last snapshot, yearly snapshot, daily within 1h',
    );
  });

  test('has nothing to say of nothing', () => {
    expect(kept({ last: 1, within: '7d' }, [])).toEqual([]);
  });
});
