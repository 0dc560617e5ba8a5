import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forecast, recoverable } from '../../../src/domain/retention/forecast.ts';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';
import { countedOn, keptOf, mixedCases, newestFirst, planOf, provenCases } from './arbitraries.ts';
import { holds } from './law.ts';
import { DAY_MS } from './support.ts';

/** So many nights are lived through. */
const NIGHTS = 12;

test('a backup goes in the night that forgets it, if every day brings one more, and after the days to think it over', {
  timeout: 120_000,
}, () => {
  holds(
    fc.record({ given: provenCases, undoDays: fc.constantFrom(0, 7, 1e15) }),
    ({ given, undoDays }) => {
      const policy = { ...given.policy, protection: { ...given.policy.protection, undoDays } };
      const backups = given.backups.map(({ holds: _, ...backup }): RetainedBackup => backup);
      const plan = planOf({ ...given, policy, backups });
      const newest = countedOn({ ...given, backups }).find(({ takenAt }) => Date.parse(takenAt) <= Date.parse(given.now));
      if (plan.refused || !newest || backups.some(({ takenAt }) => Date.parse(takenAt) > Date.parse(given.now))) return false;

      const forgotten = new Map<string, number>();
      const goes = (ms: number): string => new Date(Math.min(ms + undoDays * DAY_MS, 8.64e15)).toISOString();
      const kept = keptOf(plan);
      for (const { id } of backups) if (!kept.has(id)) forgotten.set(id, Date.parse(given.now));
      let standing = countedOn({ ...given, backups }).filter(({ id }) => kept.has(id));
      // The first night to come is whole days after the newest one.
      const days = Math.max(1, Math.ceil((Date.parse(given.now) - Date.parse(newest.takenAt)) / DAY_MS));
      for (let night = 0; night < NIGHTS; night++) {
        const now = new Date(Date.parse(newest.takenAt) + (days + night) * DAY_MS).toISOString();
        standing = [...standing, { id: `night-${night}`, takenAt: now, proof: 'L3' }];
        const then = keptOf(planOf({ policy, backups: standing, now }));
        for (const { id } of standing) if (!then.has(id)) forgotten.set(id, Date.parse(now));
        standing = standing.filter(({ id }) => then.has(id));
      }

      const foreseen = forecast(policy, backups, plan.decisions, given.now);
      expect([...foreseen.keys()]).toEqual(backups.map(({ id }) => id));
      const lastMs = Date.parse(newest.takenAt) + (days + NIGHTS - 1) * DAY_MS;
      for (const { id } of backups) {
        const [at, seen] = [forgotten.get(id), foreseen.get(id)];
        if (at !== undefined) expect(seen).toBe(goes(at));
        else if (countedOn({ ...given, backups }).some((backup) => backup.id === id))
          expect(seen === null || undoDays > 7 || Date.parse(seen ?? '') > lastMs).toBe(true);
        else expect(seen).toBeNull();
      }
      return forgotten.size > 0;
    },
    0.1,
  );
});

test('what is marked goes its days after the mark, what is held after its hold, and what is not counted on is not foreseen', {
  timeout: 120_000,
}, () => {
  holds(
    mixedCases,
    (given) => {
      const plan = planOf(given);
      if (plan.refused) return false;
      const foreseen = forecast(given.policy, given.backups, plan.decisions, given.now);
      const kept = keptOf(plan);
      const counted = new Set(countedOn(given).map(({ id }) => id));
      const undoMs = given.policy.protection.undoDays * DAY_MS;
      const nowMs = Date.parse(given.now);
      for (const { id, takenAt, markedAt = '', holds: pins = [] } of given.backups) {
        const markMs = Date.parse(markedAt);
        const heldMs = pins.map(({ until }) => Date.parse(until)).filter((untilMs) => !(untilMs <= nowMs));
        const seen = foreseen.get(id);
        if (!kept.has(id)) expect(seen).toBe(new Date((Number.isNaN(markMs) ? nowMs : markMs) + undoMs).toISOString());
        else if (!counted.has(id) || Date.parse(takenAt) > nowMs) expect(seen).toBeNull();
        else if (heldMs.some(Number.isNaN)) expect(seen).toBeNull();
        else if (heldMs.length > 0) expect(seen).toBe(new Date(Math.max(...heldMs) + undoMs).toISOString());
      }
      return kept.size < given.backups.length;
    },
    0.3,
  );
});

test('a key stays recoverable as long as the newest that holds it, or as the last of all', { timeout: 60_000 }, () => {
  const ends = fc.array(fc.option(fc.constantFrom('2026-05-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z')), {
    maxLength: 6,
  });
  holds(
    fc.record({ given: mixedCases, ends }),
    ({ given, ends }) => {
      const foreseen = new Map(newestFirst(given.backups).map(({ id }, index) => [id, ends[index % Math.max(1, ends.length)] ?? null]));
      const counted = countedOn(given).map(({ id }) => foreseen.get(id) ?? null);
      const result = recoverable(given.policy, given.backups, foreseen);
      expect(result).toEqual(
        counted.length === 0
          ? null
          : {
              newest: counted[0],
              any: counted.reduce((a, b) => (a === null || b === null ? null : Date.parse(a) > Date.parse(b) ? a : b)),
            },
      );
      return counted.length > 1;
    },
    0.1,
  );
});
