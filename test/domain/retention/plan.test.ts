import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/domain/retention/canonical-json.ts';
import { descending } from '../../../src/domain/retention/descending.ts';
import { planByRules } from '../../../src/domain/retention/plan.ts';
import { backup, DAY_MS, forgottenIds, hash, keptIds, nights, planOf } from './support.ts';

const NEWEST = '2026-02-08T02:00:00.000Z';
const reasonsOf = (decisions: ReturnType<typeof planOf>['decisions'], id: string) =>
  decisions.find((decision) => decision.id === id)?.reasons;

describe('planRetention', () => {
  test('gives every backup a decision and a reason, newest first', () => {
    const { decisions, refused, timeZone, now } = planOf({ rules: { last: 2 }, protection: { floor: 3 } });
    expect({ refused, timeZone, now }).toEqual({ refused: null, timeZone: 'UTC', now: '2026-02-08T03:00:00Z' });
    expect(decisions.map(({ id, keep, reasons }) => [id.slice(5, 10), keep, ...reasons])).toEqual([
      ['02-08', true, 'last snapshot', 'newest proven', 'floor 3'],
      ['02-07', true, 'last snapshot', 'floor 3'],
      ['02-06', true, 'floor 3'],
      ['02-05', false, 'no rule keeps it'],
      ['02-04', false, 'no rule keeps it'],
      ['02-03', false, 'no rule keeps it'],
    ]);
  });

  test('says what the counts are after each backup that a rule keeps', () => {
    expect(planOf({ rules: { last: 2 } }).decisions.map(({ left }) => left)).toEqual([
      { last: 1 },
      { last: 0 },
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('leaves unproven backups outside the policy: they use no count and stay', () => {
    const weak = backup('2026-02-07T12:00:00.000Z', { proof: 'L1' });
    const { decisions } = planOf({ rules: { last: 2 }, protection: { countsFrom: 'L2', floor: 1 }, backups: [weak, ...nights(NEWEST, 3)] });
    expect(reasonsOf(decisions, weak.id)).toEqual(['proof L1 is below L2: outside the policy']);
    expect(forgottenIds(decisions)).toEqual(['2026-02-06T02:00:00.000Z']);
  });

  test.each([
    ['unrecorded', 'not recorded here: stays unless adopted'],
    ['running', 'still being taken'],
  ] as const)('keeps what is %s, however old', (status, reason) => {
    const old = backup('2020-01-01T00:00:00Z', { status });
    const { decisions } = planOf({ protection: { countsFrom: 'L0' }, backups: [old, ...nights(NEWEST, 6)] });
    expect(decisions.at(-1)).toEqual({ id: old.id, keep: true, reasons: [reason] });
  });

  test.each(['failed', 'partial'] as const)('keeps a %s backup for its days, unless it is held', (status) => {
    const [within, past] = ['2026-01-25T03:00:00.000Z', '2026-01-25T02:59:59.999Z'];
    const held = backup('2026-01-01T00:00:00Z', { status, holds: [{ until: '2027-01-01T00:00:00Z' }] });
    const { decisions } = planOf({ backups: [backup(within, { status }), backup(past, { status }), held, ...nights(NEWEST, 3)] });
    expect(decisions.slice(-3)).toEqual([
      { id: within, keep: true, reasons: [`${status}, kept for 14 days`] },
      { id: past, keep: false, reasons: [`${status}, older than 14 days`] },
      { id: held.id, keep: true, reasons: ['held until 2027-01-01T00:00:00Z'] },
    ]);
  });

  test('pins what is held, in use or a way back, in words', () => {
    const pinned = backup(NEWEST, {
      holds: [
        { until: '2026-03-01T00:00:00Z', by: 'alice', reason: 'audit' },
        { until: 'for ever' },
        { until: '2026-02-08T03:00:00Z', by: 'bob' },
      ],
      inUseBy: 'restore-1',
      safetyUntil: '2026-02-09T00:00:00Z',
    });
    const { decisions } = planOf({ rules: { last: 1 }, backups: [pinned, ...nights('2026-02-07T02:00:00.000Z', 4)] });
    expect(reasonsOf(decisions, NEWEST)).toEqual([
      'newest proven',
      'held until 2026-03-01T00:00:00Z by alice: audit',
      'held until for ever',
      'in use by restore-1',
      'safety backup until 2026-02-09T00:00:00Z',
      'floor 3',
    ]);
    // The pin used no count: the next one is the last.
    expect(decisions[1]?.reasons).toEqual(['last snapshot', 'floor 3']);
  });

  test('pins what is only in use', () => {
    const old = backup('2026-01-01T00:00:00Z', { inUseBy: 'drill-1' });
    expect(planOf({ backups: [...nights(NEWEST, 3), old] }).decisions.at(-1)?.reasons).toEqual(['in use by drill-1']);
  });

  test('reaches back from the newest one when that is held, so that the hold moves no cut-off', () => {
    // A month and three days before 31 March is 28 February; before 1 April it is 26 February.
    const old = backup('2026-02-28T23:00:00.000Z');
    const times = ['2026-03-31T23:30:00.000Z', '2026-03-31T23:00:00.000Z'].map((at) => backup(at));
    const newest = backup('2026-04-01T11:59:00.000Z', { holds: [{ until: '2026-05-01T00:00:00Z' }] });
    const given = { rules: { withinHourly: '1m3d' }, protection: { floor: 0 }, now: '2026-04-01T12:00:00Z' };
    expect(forgottenIds(planOf({ ...given, backups: [newest, ...times, old] }).decisions)).toEqual(['2026-03-31T23:00:00.000Z']);
  });

  test('holds no longer once their time has come', () => {
    const lapsed = { holds: [{ until: '2026-02-08T03:00:00Z' }], safetyUntil: '2026-02-08T03:00:00Z' };
    const old = backup('2026-01-01T00:00:00Z', lapsed);
    expect(forgottenIds(planOf({ backups: [...nights(NEWEST, 3), old] }).decisions)).toEqual([old.id]);
  });

  test('keeps the newest proven backup without any floor', () => {
    expect(keptIds(planOf({ rules: { keepTags: [['none']] }, protection: { floor: 0 } }).decisions)).toEqual([NEWEST]);
  });

  test('keeps the reference of durations beside a newest that is minutes ahead of the clock, so that the rest stays settled', () => {
    const [ahead, reference, old] = ['2026-04-01T12:05:00.000Z', '2026-04-01T11:00:00.000Z', '2026-02-28T23:00:00.000Z'];
    const given = { rules: { withinMonthly: '1m3d' }, protection: { floor: 0 }, now: '2026-04-01T12:00:00Z' };
    // Back from March 31, a month that ends on its 28th day would give a later cut-off than back from April 1.
    const times = [ahead, reference, '2026-03-31T23:40:00.000Z', '2026-03-31T12:00:00.000Z', old];
    const { decisions } = planOf({ ...given, backups: times.map((time) => backup(time)) });
    expect(reasonsOf(decisions, reference)).toEqual(['newest proven not in the future']);

    const kept = keptIds(decisions);
    expect(kept).toContain(old);
    expect(keptIds(planOf({ ...given, backups: kept.map((time) => backup(time)) }).decisions)).toEqual(kept);
  });

  test('orders backups of one time by their ids', () => {
    const twins = ['b', 'c', 'a'].map((id) => backup(NEWEST, { id }));
    expect(planOf({ backups: [...twins, ...nights('2026-02-07T02:00:00.000Z', 1)] }).decisions.map(({ id }) => id.slice(0, 1))).toEqual([
      'a',
      'b',
      'c',
      '2',
    ]);
  });

  test('refuses nothing where there is nothing', () => {
    expect(planOf({ backups: [], protection: { floor: 0 } })).toMatchObject({ decisions: [], refused: null });
  });
});

describe('the brake', () => {
  const backups = nights(NEWEST, 20);
  const braked = (protection: Parameters<typeof planOf>[0]['protection'], more: Parameters<typeof planOf>[0] = {}) =>
    planOf({ rules: { last: 10 }, backups, protection: { floor: 1, ...protection }, ...more });

  test('lets as many go as the count and the share allow', () => {
    expect(braked({ maxDeletesPerRun: 10, maxDeleteShare: 0.5 }).refused).toBeNull();
  });

  test.each([
    ['count', { maxDeletesPerRun: 9, maxDeleteShare: 1 }],
    ['share', { maxDeletesPerRun: 100, maxDeleteShare: 0.49 }],
  ])('stops more than the %s allows: all stay, and it is said which would go', (_what, protection) => {
    const { decisions, refused } = braked(protection);
    expect(keptIds(decisions)).toHaveLength(20);
    expect(refused).toMatchObject({
      guard: 'brake',
      ids: backups.slice(10).map(({ id }) => id),
      planHash: expect.stringContaining('hsmkeep.retention-plan/1'),
    });
    expect(refused?.message).toContain('10 backups at once');
    expect(decisions[0]?.reasons).toContain('last snapshot');
    expect(decisions[19]?.reasons).toEqual(['no rule keeps it', 'refused: brake']);
  });

  test('counts what is marked already neither as forgotten nor as a candidate', () => {
    const marked = backups.map((item, night) => (night >= 12 ? { ...item, markedAt: '2026-02-08T02:30:00Z' } : item));
    expect(braked({ maxDeletesPerRun: 2, maxDeleteShare: 2 / 12 }, { backups: marked }).refused).toBeNull();
    expect(braked({ maxDeletesPerRun: 2, maxDeleteShare: 0.16 }, { backups: marked }).refused?.guard).toBe('brake');
    const unreadable = marked.map((item) => (item.markedAt ? { ...item, markedAt: 'once' } : item));
    expect(braked({ maxDeletesPerRun: 2, maxDeleteShare: 1 }, { backups: unreadable }).refused?.guard).toBe('brake');
  });

  test('counts failed ones as deletions, but not as a share of what is counted on', () => {
    const failed = Array.from({ length: 5 }, (_, day) => backup(`2026-01-0${day + 1}T00:00:00Z`, { status: 'failed' as const }));
    const more = { rules: { last: -1 }, backups: [...nights(NEWEST, 3), ...failed] };
    expect(braked({ maxDeletesPerRun: 5, maxDeleteShare: 0 }, more).refused).toBeNull();
    expect(braked({ maxDeletesPerRun: 4, maxDeleteShare: 0 }, more).refused?.guard).toBe('brake');
  });

  const tight = { maxDeletesPerRun: 0, maxDeleteShare: 0 };

  test('is released by an approval of this plan’s hash, also when fewer go then', () => {
    const { refused } = braked(tight);
    const approval = { planHash: refused?.planHash ?? '', ids: refused?.ids ?? [] };
    expect(forgottenIds(braked(tight, { approval }).decisions)).toHaveLength(10);
    expect(forgottenIds(braked(tight, { approval, backups: backups.slice(0, 15) }).decisions)).toHaveLength(5);
  });

  test('holds for whatever the approval does not name, another policy, and a hash that does not fit', () => {
    const { refused } = braked(tight);
    const approval = { planHash: refused?.planHash ?? '', ids: refused?.ids ?? [] };
    expect(braked(tight, { approval, backups: nights(NEWEST, 21) }).refused?.ids).toHaveLength(11);
    expect(braked(tight, { approval, rules: { last: 10, daily: 1 } }).refused?.guard).toBe('brake');
    expect(braked(tight, { approval: { ...approval, planHash: 'other' } }).refused?.guard).toBe('brake');
    expect(braked(tight, { approval: { ...approval, ids: approval.ids.slice(1) } }).refused?.guard).toBe('brake');
  });
});

describe('planByRules', () => {
  test('knows no proof, floor, guards or brake: the trap of 2031 is open', () => {
    const backups = [backup('2031-01-01T00:00:00Z', { proof: 'L0' }), ...nights(NEWEST, 4)];
    expect(keptIds(planByRules({ rules: { last: 1 }, timeZone: 'UTC' }, backups, '2026-02-08T03:00:00Z'))).toEqual([
      '2031-01-01T00:00:00Z',
    ]);
  });

  test('keeps a held one beside the rules', () => {
    const held = backup(NEWEST, { holds: [{ until: '2027-01-01T00:00:00Z' }] });
    const decisions = planByRules(
      { rules: { last: 1 }, timeZone: 'UTC' },
      [held, ...nights('2026-02-07T02:00:00.000Z', 2)],
      '2026-02-08T03:00:00Z',
    );
    expect(decisions.map(({ reasons }) => reasons)).toEqual([['held until 2027-01-01T00:00:00Z'], ['last snapshot'], ['no rule keeps it']]);
  });
});

test('canonicalJson has one form for one meaning', () => {
  expect(canonicalJson({ b: [2, { d: null, c: undefined }], a: 'x' })).toBe('{"a":"x","b":[2,{"d":null}]}');
  expect(planOf({}).policyHash).toBe(hash(planOf({}).policyHash.slice(1)));
});

describe('descending', () => {
  test('sorts like a comparator, equal numbers in their order', () => {
    const numbers = Array.from({ length: 2000 }, (_, index) => ((index * 7919 * DAY_MS) % (977 * DAY_MS)) - 10 * DAY_MS);
    const expected = [...numbers.keys()].sort((a, b) => (numbers[b] ?? 0) - (numbers[a] ?? 0));
    expect([...descending(Float64Array.from(numbers))]).toEqual(expected);
  });

  test('sorts numbers as far apart as dates can be', () => {
    expect([...descending(Float64Array.from([-1, -62e12, 8.64e15 + 1, 8.64e15, 0]))]).toEqual([2, 3, 4, 0, 1]);
  });
});
