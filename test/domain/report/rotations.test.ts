import { describe, expect, test } from 'vitest';
import { emergencyLines, rotationLines } from '../../../src/domain/report/rotations.ts';
import { rotation, step } from './builders.ts';

const alice = { kind: 'person', oid: 'o-1', name: 'alice' } as const;
const sweep = { kind: 'sweep', id: 's' } as const;
const fingerprints = { old: 'a', new: 'b' };
const about = { secret: 'kv/db', provider: 'postgres', strategy: 'alternating', policyHash: 'h' };
const begun = { ...about, by: alice, trigger: 'request', reason: 'left the team', mode: 'normal', rotationId: 'r1', base: 'v1' };
const published = { version: 'v2', publishedAt: '2026-11-02T00:00:00.000Z', graceUntil: '2026-11-09T00:00:00.000Z', fingerprints };
const confirm = step('Confirm', { endedAt: '2026-11-02T00:00:09.000Z' });
const ended = (rotationId: string, changes = {}) => ({
  ...about,
  by: sweep,
  mode: 'normal',
  outcome: 'retired',
  retired: { rotationId, base: 'v1', at: '2026-11-09T01:00:00.000Z', oldCredential: 'refused', ...changes },
});

describe('rotationLines', () => {
  test('puts the runs of one rotation together, from whoever asked to the end of the old credential', () => {
    const failed = rotation('2026-11-01T00:00:00.000Z', begun, { status: 'Failed', steps: [step('Apply', { status: 'Failed' })] });
    const resumed = rotation(
      '2026-11-02T00:00:00.000Z',
      { ...begun, by: sweep, trigger: 'sweep', reason: 'unfinished', ...published, replacedAgeDays: 60, everyDays: 60, outcome: 'rotated' },
      { steps: [step('Verify'), confirm] },
    );
    const end = rotation('2026-11-09T01:00:00.000Z', ended('r1'));
    expect(rotationLines([end, resumed, failed])).toEqual([
      {
        ...begun,
        ...published,
        requestedAt: failed.startedAt,
        outcome: 'ok',
        verifiedAt: confirm.endedAt,
        intervalDays: 60,
        everyDays: 60,
        isLate: false,
        cause: null,
        oldEndedAt: '2026-11-09T01:00:00.000Z',
        oldCredential: 'refused',
        runs: [failed.id, resumed.id],
      },
    ]);
  });

  test('lists one that only ends in the period, and takes nothing of the next one that the same run began', () => {
    const next = { ...begun, ...ended('r0'), rotationId: 'r1', by: alice, ...published, outcome: 'rotated' };
    const [before, after] = rotationLines([rotation('2026-11-09T01:00:00.000Z', next)]);
    expect(before).toMatchObject({ rotationId: 'r0', secret: 'kv/db', provider: 'postgres', strategy: 'alternating', outcome: 'retired' });
    expect(before).toMatchObject({ requestedAt: null, by: null, version: null, base: 'v1', oldCredential: 'refused', runs: [] });
    expect(after).toMatchObject({ rotationId: 'r1', by: alice, version: 'v2', oldEndedAt: null });
  });

  test('ends a value that was replaced within its grace together with the next one', () => {
    const first = rotation('2026-11-01T00:00:00.000Z', { ...begun, ...published });
    const broken = rotation('2026-11-02T00:00:00.000Z', { ...begun, rotationId: 'broken' });
    const foreign = rotation('2026-11-02T00:00:00.000Z', { ...begun, ...published, rotationId: 'other', secret: 'kv/other' });
    const second = rotation('2026-11-03T00:00:00.000Z', { ...begun, ...published, ...ended('r2'), rotationId: 'r2' });
    const endOf = (id: string) => rotationLines([first, broken, foreign, second]).find(({ rotationId }) => rotationId === id);
    expect(endOf('r1')).toMatchObject({ oldEndedAt: '2026-11-09T01:00:00.000Z', oldCredential: 'refused' });
    for (const id of ['broken', 'other']) expect(endOf(id)).toMatchObject({ oldEndedAt: null, oldCredential: null });
  });

  test('knows of what runs do not tell that it does not', () => {
    const [line, end] = rotationLines([
      rotation('2026-11-01T00:00:00.000Z', { rotationId: 'r1' }),
      rotation('2026-11-01T00:00:00.000Z', { retired: { rotationId: 'r0', base: null, at: '2026-11-01T00:00:00.000Z' } }),
    ]);
    expect(line).toMatchObject({ secret: '', by: null, provider: null, base: null, verifiedAt: null, oldEndedAt: null, isLate: false });
    expect(end).toMatchObject({ rotationId: 'r0', secret: '', provider: null, base: null, oldCredential: null });
  });

  test.each([
    [60.9, 60, false],
    [61.1, 60, true],
    [5.4, 5, false],
    [5.6, 5, true],
  ])('after %d days in place of %d is late: %s', (replacedAgeDays, everyDays, isLate) => {
    const [line] = rotationLines([rotation('2026-11-01T00:00:00.000Z', { ...begun, ...published, replacedAgeDays, everyDays })]);
    expect(line?.isLate).toBe(isLate);
  });

  test('tells of a late one what kept it', () => {
    const failure = (at: string, message?: string, secret = 'kv/db') =>
      rotation(
        at,
        { secret },
        { status: 'Failed', steps: [step('Apply', { status: 'Failed', ...(message !== undefined && { message }) })] },
      );
    const late = rotation('2026-11-02T00:00:00.000Z', { ...begun, ...published, replacedAgeDays: 90, everyDays: 60 });
    const causeWith = (...failures: ReturnType<typeof failure>[]) => rotationLines([late, ...failures]).at(-1)?.cause;

    expect(causeWith()).toMatch(/^no run failed in the period/);
    expect(causeWith(failure('2026-11-01T00:00:00.000Z', 'No.', 'kv/other'))).toMatch(/^no run failed/);
    expect(causeWith(failure('2026-11-03T00:00:00.000Z', 'Later.'))).toMatch(/^no run failed/);
    expect(causeWith(failure('2026-11-01T00:00:00.000Z'))).toBe('a run failed and said no more');
    expect(causeWith(failure('2026-11-01T02:00:00.000Z', 'Second.'), failure('2026-11-01T01:00:00.000Z', 'First.'))).toBe('Second.');

    const undated = { ...begun, replacedAgeDays: 90, everyDays: 60 };
    expect(rotationLines([rotation('2026-11-02T00:00:00.000Z', undated), failure('2026-11-03T00:00:00.000Z', 'No.')])[0]?.cause).toBe(
      'No.',
    );
  });
});

describe('emergencyLines', () => {
  const leak = { ...begun, by: { kind: 'person', oid: 'o-2', name: 'bob' }, mode: 'compromise', reason: 'it was mailed' };

  test('tells how long the old credential worked after somebody said that others know it', () => {
    const normal = rotation('2026-11-01T00:00:00.000Z', begun);
    const urgent = rotation('2026-11-02T00:00:00.000Z', {
      ...leak,
      ...published,
      retired: { rotationId: 'r1', base: 'v1', at: '2026-11-02T00:12:30.000Z', oldCredential: 'refused' },
    });
    expect(emergencyLines([urgent, normal])).toEqual([
      {
        secret: 'kv/db',
        rotationId: 'r1',
        by: leak.by,
        reason: 'it was mailed',
        requestedAt: urgent.startedAt,
        publishedAt: published.publishedAt,
        oldEndedAt: '2026-11-02T00:12:30.000Z',
        minutes: 12.5,
      },
    ]);
    expect(rotationLines([urgent, normal])[0]).toMatchObject({ mode: 'compromise', by: alice, requestedAt: normal.startedAt });
  });

  test('has no minutes while the old one has not ended, and nothing of ordinary rotations', () => {
    const { by: _, reason: __, ...unsaid } = leak;
    const lines = emergencyLines([
      rotation('2026-11-02T00:00:00.000Z', unsaid),
      rotation('2026-11-01T00:00:00.000Z', { ...begun, rotationId: 'r2' }),
    ]);
    expect(lines).toMatchObject([{ rotationId: 'r1', by: null, reason: null, oldEndedAt: null, minutes: null }]);
  });
});
