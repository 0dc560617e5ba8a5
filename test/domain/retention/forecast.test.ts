import { describe, expect, test } from 'vitest';
import { forecast, recoverable } from '../../../src/domain/retention/forecast.ts';
import { planRetention } from '../../../src/domain/retention/plan.ts';
import { DEFAULT_PROTECTION, type Protection, type RetentionPolicy, type RetentionRules } from '../../../src/domain/retention/policy.ts';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';
import { backup, DAY_MS, hash, NO_BRAKE, nights } from './support.ts';

const NEWEST = '2026-02-08T02:00:00.000Z';
const NOW = '2026-02-08T10:00:00.000Z';
const policyOf = (rules: RetentionRules, protection: Partial<Protection> = {}): RetentionPolicy => ({
  rules,
  timeZone: 'UTC',
  protection: { ...DEFAULT_PROTECTION, ...NO_BRAKE, floor: 1, ...protection },
});

function foresee(policy: RetentionPolicy, backups: readonly RetainedBackup[], now = NOW) {
  const { decisions } = planRetention({ policy, backups, now, hash });
  const foreseen = forecast(policy, backups, decisions, now);
  return { foreseen: Object.fromEntries(foreseen), recoverable: recoverable(policy, backups, foreseen) };
}

describe('forecast', { timeout: 30_000 }, () => {
  test('is the night that forgets a backup, and the days from mark to deletion', () => {
    const backups = nights(NEWEST, 3);
    expect(foresee(policyOf({ last: 3 }), backups).foreseen).toEqual({
      '2026-02-06T02:00:00.000Z': '2026-02-16T02:00:00.000Z',
      '2026-02-07T02:00:00.000Z': '2026-02-17T02:00:00.000Z',
      [NEWEST]: '2026-02-18T02:00:00.000Z',
    });
  });

  test('counts the days of what is forgotten now from its mark, or from now', () => {
    const [newest, older, oldest] = nights(NEWEST, 3) as [RetainedBackup, RetainedBackup, RetainedBackup];
    const marked = { ...older, markedAt: '2026-02-05T00:00:00.000Z' };
    expect(foresee(policyOf({ last: 1 }), [newest, marked, oldest]).foreseen).toMatchObject({
      [older.id]: '2026-02-12T00:00:00.000Z',
      [oldest.id]: '2026-02-15T10:00:00.000Z',
    });
  });

  test('waits for the end of a hold', () => {
    const held = (until: string) => {
      const backups = [...nights(NEWEST, 2), backup('2026-02-05T02:00:00.000Z', { holds: [{ until }] })];
      return foresee(policyOf({ last: 2 }), backups).foreseen['2026-02-05T02:00:00.000Z'];
    };
    expect(held('2027-01-01T00:00:00Z')).toBe('2027-01-08T00:00:00.000Z');
    expect(held('some day')).toBeNull();
    expect(held('2026-02-06T00:00:00Z')).toBe('2026-02-15T10:00:00.000Z');
  });

  test('sees no end of what a rule keeps for good, and of what takes no part', () => {
    const foreign = backup('2026-02-04T02:00:00.000Z', { status: 'unrecorded' });
    expect(foresee(policyOf({ last: 2 }), [...nights(NEWEST, 2), foreign]).foreseen[foreign.id]).toBeNull();
    expect(new Set(Object.values(foresee(policyOf({ daily: -1 }), nights(NEWEST, 3)).foreseen))).toEqual(new Set([null]));
  });

  test('begins with the next night, also when backups have stopped', () => {
    const { foreseen } = foresee(policyOf({ last: 2 }), nights(NEWEST, 2), '2026-03-20T10:00:00.000Z');
    expect(foreseen[NEWEST]).toBe('2026-03-29T02:00:00.000Z');
  });

  test('stops looking ahead in time, whatever the number of backups', () => {
    const many = Array.from({ length: 5_000 }, (_, hour) => backup(new Date(Date.parse(NEWEST) - hour * 3_600_000).toISOString()));
    expect(foresee(policyOf({ last: -1 }), many).recoverable).toEqual({ newest: null, any: null });
  });

  test('agrees with the plans that the nights to come make', () => {
    const policy = policyOf({ last: 2, daily: 3, weekly: 2, within: '36h' }, { floor: 2, undoDays: 0 });
    const backups = nights(NEWEST, 12);
    const { foreseen } = foresee(policy, backups);
    let standing: RetainedBackup[] = backups;
    const gone: Record<string, string> = {};
    for (let night = 0; night < 40; night += 1) {
      const now = night === 0 ? NOW : new Date(Date.parse(NEWEST) + night * DAY_MS).toISOString();
      if (night > 0) standing = [backup(now), ...standing];
      const forgotten = planRetention({ policy, backups: standing, now, hash }).decisions.filter(({ keep }) => !keep);
      for (const { id } of forgotten) gone[id] = now;
      standing = standing.filter(({ id }) => !(id in gone));
    }
    for (const { id } of backups) expect([id, foreseen[id]]).toEqual([id, gone[id]]);
  });
});

describe('recoverable', () => {
  test('tells of a key that all backups hold, and of one that only the newest does', () => {
    const { recoverable } = foresee(policyOf({ daily: 3, monthly: 3 }), nights(NEWEST, 20));
    // The newest goes when three newer days are there; the January one when April begins.
    expect(recoverable).toEqual({ newest: '2026-02-18T02:00:00.000Z', any: '2026-04-08T02:00:00.000Z' });
  });

  test('is not known without an end, and nothing without a proven backup', () => {
    expect(foresee(policyOf({ last: 2, yearly: -1 }), nights(NEWEST, 40)).recoverable?.any).toBeNull();
    expect(foresee(policyOf({ last: 2 }), []).recoverable).toBeNull();
    expect(foresee(policyOf({ last: 2 }), [backup(NEWEST, { proof: 'L0' })]).recoverable).toBeNull();
  });
});
