import { describe, expect, test } from 'vitest';
import { deletionLines, drillLine, firstNight, hsmLine, type Nights, restoreLine } from '../../../src/domain/report/hsms.ts';
import { onHsm } from './builders.ts';

const hsm = { name: 'emea', schedule: '0 0 2 * * *', timeZone: 'Europe/Berlin' };
const proven = (at: string) => onHsm('backup', at, { result: { proof: 'L1' } });
const line = (changes: Partial<Nights>) =>
  hsmLine({
    hsm,
    runs: [],
    isOlder: true,
    from: '2026-11-01T00:00:00.000Z',
    to: '2026-11-05T00:00:00.000Z',
    madeAt: '2026-11-20T00:00:00.000Z',
    ...changes,
  });

describe('hsmLine', () => {
  test('counts the nights with a proven backup, and names those without by their local day', () => {
    const runs = [
      proven('2026-11-01T01:12:00.000Z'),
      onHsm('backup', '2026-11-02T01:12:00.000Z', { status: 'Failed', result: { proof: 'L1' } }),
      onHsm('backup', '2026-11-03T01:12:00.000Z', { result: { proof: null } }),
      // Repeated by hand on the next evening: it is the same night still.
      proven('2026-11-03T22:00:00.000Z'),
      onHsm('backup', '2026-11-04T01:12:00.000Z', { status: 'Degraded', result: { proof: 'L1' } }),
    ];
    expect(line({ runs })).toEqual({ hsm: 'emea', nights: 4, proven: 3, without: ['2026-11-02'], open: null, before: 0 });
  });

  test('does not hold nights before its first run against an HSM, unless it had runs before the period', () => {
    const runs = [proven('2026-11-03T10:00:00.000Z'), proven('2026-11-04T01:12:00.000Z')];
    expect(line({ runs, isOlder: false })).toMatchObject({ nights: 2, proven: 2, without: [], before: 2 });
    expect(line({ runs, isOlder: true })).toMatchObject({ nights: 4, proven: 2, without: ['2026-11-01', '2026-11-02'], before: 0 });
    expect(line({ runs: [], isOlder: false })).toMatchObject({ nights: 0, without: [], before: 4 });
  });

  test('leaves a night open that is not over, and knows nothing of those to come', () => {
    const runs = [proven('2026-11-01T01:12:00.000Z')];
    const today = { runs, madeAt: '2026-11-02T01:05:00.000Z', to: '2026-11-09T00:00:00.000Z' };
    expect(line(today)).toEqual({ hsm: 'emea', nights: 1, proven: 1, without: [], open: '2026-11-02', before: 0 });
    expect(line({ ...today, runs: [...runs, proven('2026-11-02T01:03:00.000Z')] })).toMatchObject({ nights: 2, proven: 2, open: null });
  });

  test('takes the planned instant that the period begins with, and schedules that have an end or no night at all', () => {
    expect(line({ from: '2026-11-01T01:00:00.000Z', to: '2026-11-01T02:00:00.000Z' })).toMatchObject({ nights: 1 });
    const once = { ...hsm, schedule: '0 0 2 30 2 *' };
    expect(line({ hsm: once })).toMatchObject({ nights: 0, without: [] });
    expect(firstNight(hsm, '2999-12-30T12:00:00.000Z')).toEqual({ at: '2999-12-31T01:00:00.000Z', until: expect.stringMatching(/^9999/) });
    expect(firstNight(once, '2026-11-01T00:00:00.000Z')).toBeUndefined();
  });
});

describe('drills, restores and deletions', () => {
  const at = '2026-11-01T06:00:00.000Z';

  test('are told by what their runs came to', () => {
    const drill = onHsm('drill', at, { result: { folder: 'f', proof: 'L3c' } });
    expect(drillLine(drill)).toEqual({ hsm: 'emea', run: drill.id, at, status: 'Completed', folder: 'f', proof: 'L3c' });
    const failed = onHsm('drill', at, { status: 'Failed' });
    expect(drillLine(failed)).toMatchObject({ status: 'Failed', folder: null, proof: null });
  });

  test('a restore says who asked and who approved, where that is known', () => {
    const run = onHsm('restore', at, { result: { folder: 'f' } });
    const consent = { id: run.id, askedBy: 'alice', approvedBy: 'bob', approvedAt: at };
    const told = { hsm: 'emea', run: run.id, at, status: 'Completed', folder: 'f' };
    expect(restoreLine(run, [consent])).toEqual({ ...told, askedBy: 'alice', approvedBy: 'bob', approvedAt: at });
    expect(restoreLine(run, [])).toEqual({ ...told, askedBy: null, approvedBy: null, approvedAt: null });
  });

  test('a night in which nothing was marked or deleted is no deletion', () => {
    const of = (retention: object) => deletionLines(onHsm('backup', at, { result: { retention } }));
    expect(of({ marked: 0, lifted: 2, pruned: 0, retained: 0, copies: 0, copiesRetained: 0 })).toEqual([]);
    expect(of({ marked: 1, pruned: 2, retained: 3, copies: 4, copiesRetained: 5 })).toMatchObject([
      { marked: 1, pruned: 2, copies: 4, retained: 8 },
    ]);
    expect(of({ pruned: 1 })).toMatchObject([{ marked: 0, pruned: 1, copies: 0, retained: 0 }]);
    expect(deletionLines(onHsm('backup', at))).toEqual([]);
  });
});
