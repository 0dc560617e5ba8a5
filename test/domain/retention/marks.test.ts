import { describe, expect, test } from 'vitest';
import { decideMarks, type PruneMode, undoMark } from '../../../src/domain/retention/marks.ts';
import { backup, nights, planOf } from './support.ts';

const NEWEST = '2026-02-08T02:00:00.000Z';
const [OLD, OLDER, OLDEST] = ['2026-02-05T02:00:00.000Z', '2026-02-04T02:00:00.000Z', '2026-02-03T02:00:00.000Z'];

/** Six nights of which three are forgotten; `marks` by id. */
function changes({
  marks = {},
  mode = 'delete' as PruneMode,
  undoDays = 7,
  now = '2026-02-08T03:00:00Z',
  ...plan
}: { marks?: Record<string, string>; mode?: PruneMode; undoDays?: number } & Parameters<typeof planOf>[0]) {
  const backups = (plan.backups ?? nights(NEWEST, 6)).map((item) => ({ ...item, ...(marks[item.id] && { markedAt: marks[item.id] }) }));
  return decideMarks(planOf({ now, ...plan, backups }), backups, mode, undoDays);
}

describe('decideMarks', () => {
  test('first only marks what is forgotten, oldest first', () => {
    expect(changes({})).toEqual({ mark: [OLDEST, OLDER, OLD], lift: [], waiting: [], prune: [] });
  });

  test('deletes what was marked long enough ago, to the millisecond, and lets the rest wait', () => {
    const marks = { [OLDEST]: '2026-02-01T03:00:00.000Z', [OLDER]: '2026-02-01T03:00:00.001Z' };
    expect(changes({ marks })).toEqual({
      mark: [OLD],
      lift: [],
      waiting: [{ id: OLDER, deletableAt: '2026-02-08T03:00:00.001Z' }],
      prune: [OLDEST],
    });
  });

  test('never deletes in the run that marks, even without days to undo', () => {
    expect(changes({ undoDays: 0 }).prune).toEqual([]);
    expect(changes({ undoDays: 0, marks: { [OLD]: '2026-02-08T03:00:00Z' } }).prune).toEqual([OLD]);
  });

  test('deletes only what the plan of now forgets: a mark is lifted when it keeps again', () => {
    const marks = { [OLD]: '2026-01-01T00:00:00Z', [OLDEST]: '2026-01-01T00:00:00Z' };
    expect(changes({ marks, rules: { last: 5 } })).toEqual({ mark: [], lift: [OLD], waiting: [], prune: [OLDEST] });
  });

  test('a hold lifts a mark', () => {
    const backups = nights(NEWEST, 6).map((item) => (item.id === OLD ? { ...item, holds: [{ until: '2027-01-01T00:00:00Z' }] } : item));
    expect(changes({ backups, marks: { [OLD]: '2026-01-01T00:00:00Z' } })).toMatchObject({ lift: [OLD], prune: [] });
  });

  test('deletes failed backups in the same two phases', () => {
    const failed = backup('2026-01-01T00:00:00Z', { status: 'failed' });
    const backups = [...nights(NEWEST, 3), failed];
    expect(changes({ backups })).toMatchObject({ mark: [failed.id], prune: [] });
    expect(changes({ backups, marks: { [failed.id]: '2026-01-31T00:00:00Z' } })).toMatchObject({ mark: [], prune: [failed.id] });
  });

  test('only looks, or only marks, as told', () => {
    const marks = { [OLDEST]: '2026-01-01T00:00:00.000Z' };
    expect(changes({ marks, mode: 'observe' })).toEqual({ mark: [], lift: [], waiting: [], prune: [] });
    expect(changes({ marks, mode: 'mark' })).toEqual({
      mark: [OLDER, OLD],
      lift: [],
      waiting: [{ id: OLDEST, deletableAt: '2026-01-08T00:00:00.000Z' }],
      prune: [],
    });
  });

  test('a refused plan changes nothing, not even marks', () => {
    const marks = { [OLDEST]: '2026-01-01T00:00:00.000Z', [NEWEST]: '2026-01-01T00:00:00.000Z' };
    expect(changes({ marks, rules: {} })).toEqual({ mark: [], lift: [], waiting: [], prune: [] });
  });

  test('a mark from the future waits, and one that cannot be read is set anew', () => {
    expect(changes({ marks: { [OLD]: '2031-01-01T00:00:00Z', [OLDER]: 'once' } })).toMatchObject({
      mark: [OLDEST, OLDER],
      waiting: [{ id: OLD, deletableAt: '2031-01-08T00:00:00.000Z' }],
      prune: [],
    });
  });

  test('waits for ever rather than for a time that is none', () => {
    expect(changes({ marks: { [OLD]: NEWEST }, undoDays: 1e15 }).waiting).toEqual([
      { id: OLD, deletableAt: '+275760-09-13T00:00:00.000Z' },
    ]);
  });

  test('says nothing of a backup that the plan did not see, nor of one that is gone since', () => {
    const backups = nights(NEWEST, 6);
    const seen = planOf({ backups });
    const others = [...backups.slice(0, 5), backup('2020-01-01T00:00:00Z')];
    expect(decideMarks(seen, others, 'delete', 7).mark).toEqual([OLDER, OLD]);
  });
});

test('undoMark takes the mark off, and nothing else', () => {
  const marked = backup(NEWEST, { markedAt: '2026-02-08T03:00:00Z', tags: ['a'] });
  expect(undoMark(marked)).toEqual(backup(NEWEST, { tags: ['a'] }));
  const unmarked = backup(NEWEST);
  expect(undoMark(unmarked)).toBe(unmarked);
});
