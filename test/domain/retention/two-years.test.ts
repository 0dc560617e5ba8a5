import { expect, test } from 'vitest';
import { decideMarks } from '../../../src/domain/retention/marks.ts';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';
import { type OraclePolicy, oracleKeeps } from './oracle.ts';
import { DAY_MS, planOf } from './support.ts';

const NIGHTS = 731;
const UNDO_DAYS = 7;
const FIRST_NIGHT = '2023-12-15';

const policy: OraclePolicy = { last: 3, hourly: 5, daily: 14, weekly: 8, monthly: 12, yearly: 3, withinDays: 2, withinWeeklyDays: 40 };
const rules = { last: 3, hourly: 5, daily: 14, weekly: 8, monthly: 12, yearly: 3, within: '2d', withinWeekly: '40d' };

/** Numbers from 0 to 1 that look random and are the same each time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Night = Readonly<{ takenMs: number; failed: boolean }>;

/**
 * One backup for most nights, sometimes a second one: in the hour that changes of the clock skip or repeat, or around midnight of the zone,
 * when it is another day in UTC. Stretches without any.
 */
function makeNights(utcHour: number, next: () => number): Night[] {
  let gap = 0;
  return Array.from({ length: NIGHTS }, (_, night) => Date.parse(`${FIRST_NIGHT}T00:30:00Z`) + night * DAY_MS).flatMap((midnightMs) => {
    if (gap > 0) {
      gap--;
      return [];
    }
    if (next() < 0.01) gap = Math.floor(next() * 20);
    const takenMs = midnightMs + utcHour * 3_600_000 + Math.floor(next() * 4) * 900_000;
    const night = { takenMs, failed: next() < 0.12 };
    const laterHours = next() < 0.5 ? 1 : 22;
    return next() < 0.3 ? [night, { takenMs: takenMs + laterHours * 3_600_000, failed: next() < 0.12 }] : [night];
  });
}

/** The same history kept by the product and by the oracle, night after night: what is there at the end, and how often something was deleted. */
function live(
  timeZone: string,
  nights: readonly Night[],
): { product: string[]; oracle: string[]; nightsApart: string[]; refusals: number } {
  let product: RetainedBackup[] = [];
  let oracle: { id: string; takenMs: number; proven: boolean; markedMs?: number }[] = [];
  const nightsApart: string[] = [];
  let refusals = 0;

  for (const { takenMs, failed } of nights) {
    const id = new Date(takenMs).toISOString();
    const nowMs = takenMs + 600_000;
    const now = new Date(nowMs).toISOString();

    product = [...product, failed ? { id, takenAt: id, proof: 'L0', status: 'failed' } : { id, takenAt: id, proof: 'L1' }];
    const plan = planOf({ rules, timeZone, backups: product, now, protection: { maxDeletesPerRun: 10, maxDeleteShare: 0.5 } });
    if (plan.refused) refusals++;
    const { mark, lift, prune } = decideMarks(plan, product, 'delete', UNDO_DAYS);
    product = product
      .filter((backup) => !prune.includes(backup.id))
      .map(({ markedAt, ...backup }) => {
        if (mark.includes(backup.id)) return { ...backup, markedAt: now };
        return markedAt === undefined || lift.includes(backup.id) ? backup : { ...backup, markedAt };
      });

    oracle = [...oracle, { id, takenMs, proven: !failed }];
    const keeps = oracleKeeps(policy, timeZone, oracle, nowMs);
    if (keeps) {
      oracle = oracle
        .filter((backup) => keeps.has(backup.id) || backup.markedMs === undefined || nowMs - backup.markedMs < UNDO_DAYS * DAY_MS)
        .map((backup) => ({ ...backup, markedMs: keeps.has(backup.id) ? undefined : (backup.markedMs ?? nowMs) }));
    }
    if (product.map((backup) => backup.id).join() !== oracle.map((backup) => backup.id).join()) nightsApart.push(id);
  }
  return { product: product.map(({ id }) => id), oracle: oracle.map(({ id }) => id), nightsApart, refusals };
}

test.each([
  // Half past one to half past three on the wall, where the clocks change.
  ['Europe/Berlin', 0],
  ['America/New_York', 6],
])('two years of nights in %s end with what a hand-written oracle keeps', { timeout: 60_000 }, (timeZone, utcHour) => {
  for (const seed of [1, 2]) {
    const nights = makeNights(utcHour, chance(seed));
    const { product, oracle, nightsApart, refusals } = live(timeZone, nights);
    expect(nightsApart).toEqual([]);
    expect(product).toEqual(oracle);
    // Things did happen: many nights, some of them failed, few backups left.
    expect(refusals).toBeGreaterThan(30);
    expect(nights.length).toBeGreaterThan(600);
    expect(product.length).toBeLessThan(100);
    expect(nights.some(({ takenMs }) => new Date(takenMs).toISOString().startsWith('2024-02-29'))).toBe(true);
  }
});
