import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideMarks, type PruneMode, undoMark } from '../../../src/domain/retention/marks.ts';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';
import { keptOf, mixedCases, newestFirst, planOf, policy as policies } from './arbitraries.ts';
import { holds } from './law.ts';
import { DAY_MS } from './support.ts';

const mode = fc.constantFrom<PruneMode[]>('observe', 'mark', 'delete');
/** When a readable mark was made; others are none. */
const markOf = ({ markedAt }: RetainedBackup): number | undefined =>
  markedAt === undefined || Number.isNaN(Date.parse(markedAt)) ? undefined : Date.parse(markedAt);

describe('the two phases of deleting', { timeout: 120_000 }, () => {
  test('mark what is forgotten, lift what is kept again, delete what was marked so many days ago, oldest first', () => {
    holds(fc.record({ given: mixedCases, mode, undoDays: fc.constantFrom(0, 1, 7) }), ({ given, mode, undoDays }) => {
      const plan = planOf(given);
      if (plan.refused) return false;
      const kept = keptOf(plan);
      const oldestFirst = newestFirst(given.backups).toReversed();
      const overMs = Date.parse(given.now) - undoDays * DAY_MS;
      const isOver = (markMs: number): boolean => mode === 'delete' && markMs <= overMs;

      const changes = decideMarks(plan, given.backups, mode, undoDays);
      const expected = { mark: [] as string[], lift: [] as string[], waiting: [] as object[], prune: [] as string[] };
      for (const backup of mode === 'observe' ? [] : oldestFirst) {
        const [markMs, { id }] = [markOf(backup), backup];
        if (kept.has(id)) expected.lift.push(...(markMs === undefined ? [] : [id]));
        else if (markMs === undefined) expected.mark.push(id);
        else if (isOver(markMs)) expected.prune.push(id);
        else expected.waiting.push({ id, deletableAt: new Date(markMs + undoDays * DAY_MS).toISOString() });
      }
      expect(changes).toEqual(expected);
      return mode !== 'observe' && kept.size < given.backups.length;
    });
  });

  test('a mark taken off is made anew, with all its days', () => {
    holds(
      mixedCases,
      (given) => {
        const undone = given.backups.map(undoMark);
        const plan = planOf({ ...given, backups: undone });
        expect(decideMarks(plan, undone, 'delete', 7)).toMatchObject({ lift: [], waiting: [], prune: [] });
        expect(undone).toEqual(given.backups.map(({ markedAt: _, ...backup }) => backup));
        return given.backups.some(({ markedAt }) => markedAt !== undefined);
      },
      0.2,
    );
  });
});

/** What happens between two runs: time passes (or the clock is put back), the policy changes, a person steps in. */
const night = fc.record({
  hours: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 100 }) }, { weight: 1, arbitrary: fc.integer({ min: -100, max: 0 }) }),
  policy: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: policies }),
  mode: fc.oneof({ weight: 4, arbitrary: fc.constant('delete' as const) }, { weight: 1, arbitrary: mode }),
  person: fc.record({ does: fc.constantFrom('nothing', 'hold', 'undo'), pick: fc.nat() }),
});

test('whatever happens between the runs, what is deleted was forgotten by the run that marked it and by every one since, for as long as `undoDays` says now', {
  timeout: 120_000,
}, () => {
  holds(
    fc.record({ given: mixedCases, nights: fc.array(night, { minLength: 3, maxLength: 8 }) }),
    ({ given, nights }) => {
      let { policy } = given;
      let nowMs = Date.parse(given.now);
      let standing: RetainedBackup[] = given.backups.map(undoMark);
      /** Since when each was forgotten by every plan that was not refused, as one sees it who writes down everything. */
      const forgottenSince = new Map<string, number>();
      let deleted = 0;

      for (const [index, { hours, mode, person, ...tonight }] of nights.entries()) {
        nowMs += hours * 3_600_000;
        policy = tonight.policy ?? policy;
        const now = new Date(nowMs).toISOString();
        const picked = standing[person.pick % Math.max(1, standing.length)]?.id;
        standing = [...standing, { id: `night-${index}`, takenAt: now, proof: 'L3' }];
        if (person.does === 'undo' && picked) forgottenSince.delete(picked);
        standing = standing.map((backup) =>
          backup.id !== picked || person.does === 'nothing'
            ? backup
            : person.does === 'undo'
              ? undoMark(backup)
              : { ...backup, holds: [{ until: new Date(nowMs + 50 * 3_600_000).toISOString() }] },
        );

        const plan = planOf({ policy, backups: standing, now });
        const { undoDays } = policy.protection;
        const { mark, lift, prune } = decideMarks(plan, standing, mode, undoDays);
        for (const id of prune) expect(forgottenSince.get(id) ?? Number.NaN).toBeLessThanOrEqual(nowMs - undoDays * DAY_MS);
        deleted += prune.length;

        const kept = keptOf(plan);
        if (!plan.refused && mode !== 'observe')
          for (const { id } of standing) {
            if (kept.has(id)) forgottenSince.delete(id);
            else forgottenSince.set(id, forgottenSince.get(id) ?? nowMs);
          }
        standing = standing
          .filter(({ id }) => !prune.includes(id))
          .map((backup) =>
            mark.includes(backup.id) ? { ...backup, markedAt: now } : lift.includes(backup.id) ? undoMark(backup) : backup,
          );
      }
      return deleted > 0;
    },
    0.5,
  );
});
