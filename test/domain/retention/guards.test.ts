import { describe, expect, test } from 'vitest';
import type { ListingFacts } from '../../../src/domain/retention/guards.ts';
import { disagreements, sortPrefixes } from '../../../src/domain/retention/listing.ts';
import type { RetentionRules } from '../../../src/domain/retention/policy.ts';
import { backup, forgottenIds, keptIds, nights, planOf } from './support.ts';

const NEWEST = '2026-02-08T02:00:00.000Z';
const LISTED: ListingFacts = { complete: true, malformed: [], disagreeing: [], unreliable: [], clockSkewMs: 0 };

/** Six proven nights of which the policy would forget three, and what is odd about them. */
const oddities: [what: string, guard: string, words: string, odd: Parameters<typeof planOf>[0]][] = [
  ['a future-dated backup', 'future-backup', '2031', { backups: [...nights(NEWEST, 6), backup('2031-01-01T00:00:00Z')] }],
  [
    'a future-dated folder that nobody recorded',
    'future-backup',
    '2031',
    { backups: [...nights(NEWEST, 6), backup('2031-01-01T00:00:00Z', { status: 'unrecorded' })] },
  ],
  ['a backup whose time cannot be read', 'unreadable-time', 'tonight', { backups: [...nights(NEWEST, 6), backup('tonight')] }],
  ['a malformed name of this HSM', 'malformed-name', 'mhsm-x-new', { listing: { ...LISTED, malformed: ['mhsm-x-new'] } }],
  ['a listing cut short', 'incomplete-listing', 'could not be listed', { listing: { ...LISTED, complete: false } }],
  ['records that were changed', 'records-disagree', 'mhsm-x-1', { listing: { ...LISTED, unreliable: ['mhsm-x-1'] } }],
  ['records that disagree', 'records-disagree', 'mhsm-x-1', { listing: { ...LISTED, disagreeing: ['mhsm-x-1'] } }],
  ['clocks that are apart', 'clock-skew', '301 seconds', { listing: { ...LISTED, clockSkewMs: -301_000 } }],
  ['a clock of storage that could not be read', 'clock-skew', 'could not be read', { listing: { ...LISTED, clockSkewMs: null } }],
  ['a clock of storage that makes no sense', 'clock-skew', 'could not be read', { listing: { ...LISTED, clockSkewMs: Number.NaN } }],
  ['a time of this app that makes no sense', 'clock-skew', 'could not be read', { now: 'soon' }],
  [
    'an id that is listed twice',
    'duplicate-id',
    NEWEST,
    { backups: [...nights(NEWEST, 6), backup(NEWEST, { takenAt: '2026-01-01T00:00:00Z' })] },
  ],
  ['an empty policy', 'empty-policy', 'keep nothing', { rules: { last: 0, within: '0d', keepTags: [] } }],
  [
    'newer backups that all failed',
    'newest-unproven',
    '02-09',
    {
      now: '2026-02-11T00:00:00Z',
      backups: [
        ...nights(NEWEST, 6),
        backup('2026-02-09T02:00:00Z', { status: 'failed', proof: 'L0' }),
        backup('2026-02-10T02:00:00Z', { proof: 'L0' }),
      ],
    },
  ],
  ['a floor above what exists', 'floor', 'floor is 7', { protection: { floor: 7 } }],
  ['nothing that is proven', 'floor', 'There are 0 backups', { backups: [backup(NEWEST, { proof: 'L0' })] }],
];

describe('no deletion, and the reason in words', () => {
  test.each(oddities)('%s', (_what, guard, words, odd) => {
    const { decisions, refused } = planOf(odd);
    expect(refused).toMatchObject({ guard, message: expect.stringContaining(words), hint: expect.stringMatching(/\.$/) });
    expect(decisions.map(({ keep, reasons }) => ({ keep, reasons }))).toEqual(
      decisions.map(() => ({ keep: true, reasons: [`refused: ${guard}`] })),
    );
    expect(decisions.length).toBeGreaterThan(0);
  });

  test('names the backups it is about, a few of them in words', () => {
    const late = Array.from({ length: 5 }, (_, year) => backup(`203${year}-01-01T00:00:00Z`));
    const { refused } = planOf({ backups: [...nights(NEWEST, 6), ...late] });
    expect(refused?.ids).toHaveLength(5);
    expect(refused?.message).toContain('2034-01-01T00:00:00Z, 2033-01-01T00:00:00Z, 2032-01-01T00:00:00Z and 2 more');
  });

  test('puts the first doubt first when there are several', () => {
    expect(planOf({ rules: {}, listing: { ...LISTED, complete: false } }).refused?.guard).toBe('empty-policy');
  });
});

describe('deletion goes on', () => {
  test('with as many proven backups as the floor, though none goes then', () => {
    expect(planOf({ rules: { last: 1 }, protection: { floor: 6 } })).toMatchObject({ refused: null });
    expect(planOf({ rules: { last: 1 }, protection: { floor: 6 } }).decisions.every(({ keep }) => keep)).toBe(true);
  });

  test('with a backup five minutes from now, and clocks five minutes apart', () => {
    const soon = backup('2026-02-08T03:05:00Z');
    expect(planOf({ backups: [soon, ...nights(NEWEST, 6)] }).refused).toBeNull();
    expect(planOf({ backups: [{ ...soon, takenAt: '2026-02-08T03:05:00.001Z' }, ...nights(NEWEST, 6)] }).refused?.guard).toBe(
      'future-backup',
    );
    expect(planOf({ listing: { ...LISTED, clockSkewMs: 300_000 } }).refused).toBeNull();
  });

  test('while the newest are hashed and wait for the level that counts: the newest of that level stays', () => {
    const waiting = [backup('2026-02-09T02:00:00Z', { proof: 'L1' }), backup('2026-02-10T02:00:00Z', { proof: 'L1' })];
    const given = { now: '2026-02-11T00:00:00Z', backups: [...nights(NEWEST, 6), ...waiting], protection: { countsFrom: 'L2' } } as const;
    const { refused, decisions } = planOf(given);
    expect(refused).toBeNull();
    expect(keptIds(decisions).slice(0, 3)).toEqual(['2026-02-10T02:00:00Z', '2026-02-09T02:00:00Z', NEWEST]);
    expect(forgottenIds(decisions)).toHaveLength(3);
    expect(planOf({ ...given, backups: [...given.backups, backup('2026-02-10T03:00:00Z', { proof: 'L0' })] }).refused).toMatchObject({
      guard: 'newest-unproven',
      ids: ['2026-02-10T03:00:00Z'],
    });
  });

  test('when a failed backup is older than the newest proven one', () => {
    const failed = backup('2026-02-07T05:00:00Z', { status: 'failed' });
    expect(planOf({ backups: [failed, ...nights(NEWEST, 6)] }).refused).toBeNull();
  });

  test.each<[string, RetentionRules]>([
    ['a count', { yearly: 1 }],
    ['all', { last: -1 }],
    ['a duration', { within: '1h' }],
    ['one of each period', { withinYearly: '1y' }],
    ['tags', { keepTags: [['quarter']] }],
  ])('when the one rule of a policy is %s', (_what, rules) => {
    expect(planOf({ rules }).refused).toBeNull();
  });
});

describe('sortPrefixes', () => {
  test('takes this HSM’s backups, whatever their case', () => {
    const { folders, malformed, other } = sortPrefixes(
      'Contoso',
      ['Contoso'],
      ['mhsm-contoso-2026112202000012', 'mhsm-CONTOSO-2026112302000012'],
    );
    expect(folders).toHaveLength(2);
    expect({ malformed, other }).toEqual({ malformed: [], other: 0 });
  });

  test('finds names that are broken', () => {
    const broken = [
      'mhsm-contoso-',
      'mhsm-contoso-20261122020000',
      'mhsm-contoso-20261122020000123',
      'mhsm-contoso-2026139902000012',
      'mhsm-contoso-dr-new',
    ];
    expect(sortPrefixes('contoso', ['contoso', 'fabrikam'], broken).malformed).toEqual(broken);
  });

  test('counts what is somebody else’s, and is not stopped by it', () => {
    const others = [
      'hsmkeep',
      'mhsm-fabrikam-2026112202000012',
      'mhsm-contoso-dr-2026112202000012',
      'mhsm-contoso-dr-new',
      'photos',
      'mhsm-contoso',
    ];
    expect(sortPrefixes('contoso', ['contoso', 'contoso-dr'], others)).toEqual({ folders: [], malformed: [], other: 6 });
  });
});

describe('disagreements', () => {
  const folder = 'mhsm-contoso-2026112202000012';
  const record = { folder, takenAt: '2026-11-22T02:00:00.120Z', gone: false };

  test('are none when storage holds what the records say', () => {
    expect(disagreements([folder, 'mhsm-contoso-2026112302000012'], [record])).toEqual([]);
  });

  test('are folders that vanished, but not those that were marked gone before', () => {
    expect(disagreements([], [record])).toEqual([folder]);
    expect(disagreements([], [{ ...record, gone: true }])).toEqual([]);
  });

  test('are records of another time than the folder’s name, and of a folder that is no backup', () => {
    expect(disagreements([folder], [{ ...record, takenAt: '2026-11-22T03:00:00.120Z' }])).toEqual([folder]);
    expect(disagreements(['photos'], [{ ...record, folder: 'photos' }])).toEqual(['photos']);
  });
});
