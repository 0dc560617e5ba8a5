import { describe, expect, test } from 'vitest';
import type { ReportedHsm } from '../../../src/domain/report/exceptions.ts';
import { makeReport, type ReportSources } from '../../../src/domain/report/report.ts';
import type { SecretView } from '../../../src/domain/rotation/secret-view.ts';
import { onHsm, rotation, step } from './builders.ts';

const FROM = '2026-11-01T00:00:00.000Z';
const NOW = '2026-11-05T00:00:00.000Z';
const MADE_AT = '2026-11-06T00:00:00.000Z';

const secret = (changes: Partial<SecretView> = {}): SecretView => ({
  vault: 'kv',
  name: 'db',
  owner: 'team-db',
  state: 'fresh',
  enabled: true,
  provider: 'postgres',
  unmanagedBecause: null,
  everyDays: 60,
  target: null,
  createdAt: '2026-11-02T00:00:00.000Z',
  ageDays: 3,
  dueAt: '2027-01-01T00:00:00.000Z',
  expiresAt: null,
  graceUntil: null,
  windowOpensAt: null,
  rotationId: null,
  next: null,
  rotation: 'on',
  lastResult: null,
  ...changes,
});

const hsm = (changes: Partial<ReportedHsm> = {}): ReportedHsm => ({
  name: 'emea',
  schedule: '0 0 2 * * *',
  timeZone: 'UTC',
  status: 'ok',
  newestProven: null,
  maxAgeHours: 26,
  ...changes,
});

const report = (changes: Partial<ReportSources> = {}) =>
  makeReport({
    from: FROM,
    to: NOW,
    madeAt: MADE_AT,
    secrets: [],
    hsms: [],
    runs: [],
    older: [],
    consents: [],
    trail: { runs: [], unreadable: 0 },
    missing: [],
    ...changes,
  });
const missing = (part: ReportSources['missing'][number]['part']) => [{ part, of: null, message: 'No.', hint: 'Look.' }];

describe('makeReport', () => {
  test('lists every secret, with the intervals that ended in the period', () => {
    const interval = (at: string, rotationId: string, replacedAgeDays: number) =>
      rotation(at, { secret: 'KV/db', rotationId, replacedAgeDays, everyDays: 60, publishedAt: at });
    const { secrets } = report({
      secrets: [secret(), secret({ name: 'mail', state: 'unmanaged', unmanagedBecause: 'never-managed', provider: null, everyDays: null })],
      runs: [
        interval('2026-11-04T00:00:00.000Z', 'r2', 60),
        interval('2026-11-02T00:00:00.000Z', 'r1', 70),
        rotation('2026-11-04T12:00:00.000Z', { secret: 'kv/db', rotationId: 'r3' }),
      ],
    });
    expect(secrets).toMatchObject([
      { secret: 'kv/db', owner: 'team-db', state: 'fresh', everyDays: 60, intervalsDays: [70, 60], late: 1 },
      { secret: 'kv/mail', state: 'unmanaged', everyDays: null, intervalsDays: [], late: 0 },
    ]);
  });

  test('has nights, drills, restores, deletions and emergencies of the period', () => {
    const at = '2026-11-02T02:00:00.000Z';
    const safety = onHsm('restore', at, { result: { retention: { pruned: 1 } } });
    const made = report({
      hsms: [hsm()],
      older: ['emea'],
      runs: [onHsm('backup', at, { result: { proof: 'L1', retention: { marked: 1 } } }), onHsm('drill', at), safety],
      consents: [{ id: safety.id, askedBy: 'alice', approvedBy: 'bob', approvedAt: at }],
    });
    expect(made.hsms).toMatchObject([{ hsm: 'emea', nights: 4, proven: 1, without: ['2026-11-01', '2026-11-03', '2026-11-04'] }]);
    expect(made.drills).toHaveLength(1);
    expect(made.restores).toMatchObject([{ askedBy: 'alice', approvedBy: 'bob' }]);
    expect(made.deletions).toMatchObject([{ marked: 1 }, { pruned: 1 }]);
    const urgent = rotation(at, { secret: 'kv/db', rotationId: 'r', mode: 'compromise' });
    expect(report({ runs: [urgent] }).emergencies).toMatchObject([{ secret: 'kv/db', requestedAt: at }]);
  });
});

describe('the audit trail', () => {
  const known = rotation('2026-11-02T00:00:00.000Z', undefined);
  const open = rotation('2026-11-03T00:00:00.000Z', undefined, { endedAt: null, status: 'Running' });

  test('has every run that has ended, and no other of the period', () => {
    const gone = 'rotation-kv.db-20261103T000000000Z';
    const elsewhere = ['rotation-kv.db-20261005T000000000Z', 'rotation-kv.db-20261105T000000000Z', 'no-run'];
    expect(report({ runs: [known, open], trail: { runs: [known.id, known.id], unreadable: 0 } }).trail).toEqual({
      runs: 1,
      notInTrail: [],
      onlyInTrail: [],
      unreadable: 0,
    });
    expect(report({ runs: [known], trail: { runs: [gone, ...elsewhere], unreadable: 2 } }).trail).toEqual({
      runs: 1,
      notInTrail: [known.id],
      onlyInTrail: [gone],
      unreadable: 2,
    });
  });

  test.each(['trail', 'runs'] as const)('is not compared when the %s could not be read', (part) => {
    expect(report({ runs: [known], missing: missing(part) }).trail).toBeNull();
  });
});

describe('exceptions', () => {
  const told = (changes: Partial<ReportSources>) =>
    report(changes).exceptions.map(({ what, subject, detail }) => `${what}: ${subject}: ${detail}`);

  test.each<[string, Partial<SecretView>, string[]]>([
    ['nobody manages', { state: 'unmanaged', unmanagedBecause: 'never-managed' }, ['unmanaged: kv/db: it never was managed']],
    ['was taken out', { state: 'unmanaged', unmanagedBecause: 'taken-out' }, ['unmanaged: kv/db: a person took it out of management']],
    ['is observed', { rotation: 'observe', dueAt: null }, ['only observed: kv/db: rotation of its vault is not on']],
    ['is due', { dueAt: FROM }, ['overdue: kv/db: it should have been rotated']],
    [
      'is due and waits',
      { dueAt: FROM, windowOpensAt: '2027-01-02T02:00:00.000Z' },
      ['overdue: kv/db: it should have been rotated; it waits for its window, which opens 2027-01-02T02:00:00.000Z'],
    ],
    ['is being rotated', { state: 'rotating' }, ['rotation unfinished: kv/db: a rotation is under way, or was broken off']],
    ['should have ended', { state: 'retiring' }, ['old credential not ended: kv/db: its grace is over']],
    ['is well', {}, []],
  ])('tell of a secret that %s', (_what, changes, expected) => {
    expect(told({ secrets: [secret(changes)] })).toEqual(expected);
  });

  test.each([
    ['accepted', /still accepted/],
    ['unknown', /no clear answer/],
    ['same-value', /same value/],
    ['not-there', /not be read/],
    ['no-target', /no target to ask/],
    [undefined, /no clear answer/],
  ])('tell of an old credential that is %s', (oldCredential, words) => {
    const retired = { rotationId: 'r', base: 'v1', at: NOW, ...(oldCredential && { oldCredential }) };
    const [line] = report({ secrets: [secret()], runs: [rotation(FROM, { secret: 'kv/DB', retired })] }).exceptions;
    expect(line).toMatchObject({
      what: 'old credential not proven dead',
      owner: 'team-db',
      since: NOW,
      detail: expect.stringMatching(words),
    });
  });

  test.each(['refused', 'replaced'])('are silent on one that is %s', (oldCredential) => {
    const retired = { rotationId: 'r', base: 'v1', at: NOW, oldCredential };
    expect(told({ secrets: [secret()], runs: [rotation(FROM, { secret: 'kv/db', retired })] })).toEqual([]);
  });

  test('tell of late rotations, and why', () => {
    const runs = [rotation(FROM, { secret: 'kv/db', rotationId: 'r', replacedAgeDays: 70, everyDays: 60, publishedAt: FROM })];
    expect(told({ secrets: [secret()], runs })).toEqual([
      expect.stringMatching(/^late: kv\/db: after 70 days in place of 60: no run failed/),
    ]);
  });

  test('tell of secrets that are gone, unless the vaults could not be read', () => {
    const begun = rotation('2026-11-02T00:00:00.000Z', { secret: 'kv/db', rotationId: 'r' });
    const ended = rotation('2026-11-03T00:00:00.000Z', {
      secret: 'kv/mail',
      retired: { rotationId: 's', at: NOW, oldCredential: 'refused' },
    });
    const runs = [begun, ended];
    expect(told({ runs })).toEqual([
      `secret no longer there: kv/db: it was last worked on at ${begun.startedAt}; its vault does not list it, or is not configured any more`,
      `secret no longer there: kv/mail: it was last worked on at ${NOW}; its vault does not list it, or is not configured any more`,
    ]);
    expect(told({ runs, missing: missing('secrets') })).toEqual([]);
  });

  test('tell how HSMs stand, which nights they lack, and which nobody backs up any more', () => {
    const newestProven = { takenAt: FROM } as ReportedHsm['newestProven'];
    expect(told({ hsms: [hsm({ status: 'overdue', newestProven })], older: ['emea'] })).toEqual([
      'HSM overdue: emea: since this proven backup, more than 26 hours ago, there is no newer one',
      'nights without a proven backup: emea: 4 of 4: 2026-11-01, 2026-11-02, 2026-11-03, 2026-11-04',
    ]);
    expect(told({ hsms: [hsm({ status: 'never' })] })).toEqual(['HSM overdue: emea: it has no proven backup at all']);

    const planned = (day: string) => onHsm('backup', `2026-11-${day}T02:03:00.000Z`, { id: `backup-emea-202611${day}T0200Z` });
    const intoDrill = onHsm('backup', '2026-11-03T00:00:00.000Z', { subject: 'drill-hsm' });
    const runs = [planned('02'), planned('01'), intoDrill];
    expect(report({ runs }).exceptions).toMatchObject([{ what: 'HSM no longer configured', subject: 'emea', since: runs[0]?.startedAt }]);
    expect(told({ runs, missing: missing('hsms') })).toEqual([]);
  });

  test('tell of runs that did not end well, each thing once, with what the newest said', () => {
    const backup = (at: string, status: 'Failed' | 'Degraded' | 'Canceled', message?: string) =>
      onHsm('drill', at, { status, steps: [step('Lock'), step('Work', { status, ...(message !== undefined && { message }) })] });
    const runs = [
      backup('2026-11-03T00:00:00.000Z', 'Failed', 'Newer.'),
      backup('2026-11-02T00:00:00.000Z', 'Failed', 'Older.'),
      backup('2026-11-02T06:00:00.000Z', 'Degraded', 'Hm.'),
      backup('2026-11-02T07:00:00.000Z', 'Canceled'),
    ];
    expect(told({ runs })).toEqual([
      'failed: drill of emea: 2 times, the last time: Newer.',
      'degraded: drill of emea: Hm.',
      'canceled: drill of emea: it said no more',
    ]);
    expect(report({ runs }).exceptions[0]?.since).toBe('2026-11-02T00:00:00.000Z');

    const tooEarly = step('Escrow', { status: 'Failed', message: 'Not now.', failure: { kind: 'not-now', code: 'in-grace' } });
    expect(told({ runs: [onHsm('drill', FROM, { status: 'Failed', steps: [tooEarly] })] })).toEqual([]);
  });
});
