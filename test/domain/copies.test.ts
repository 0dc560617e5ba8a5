import { describe, expect, test } from 'vitest';
import { copyLag, copyRemovableAt, isCopied, uncopied } from '../../src/domain/copies.ts';
import {
  copiedWords,
  copyDiffers,
  copyFailed,
  copyUnfinished,
  noCopyContainer,
  notToBeCopied,
  sourceChanged,
} from '../../src/domain/copy-problems.ts';
import { type CopyState, viewOfRecord } from '../../src/domain/record.ts';
import type { BackupView } from '../../src/domain/views.ts';
import { backupRecord } from '../support/backup-record.ts';

const CONTAINER = 'https://worm.example/hsm';
const AT = '2026-11-22T02:10:00.000Z';
const complete: CopyState = { container: CONTAINER, run: 'r', at: AT, blobs: 4, completedAt: AT };
const taken = (day: number, copy?: CopyState, proofs = backupRecord().proofs): BackupView =>
  viewOfRecord(
    backupRecord({ takenAt: `2026-11-${day}T02:00:00.000Z`, folder: `mhsm-a-202611${day}02000000`, proofs, ...(copy && { copy }) }),
  );

describe('isCopied', () => {
  test('only when all of it is in this container', () => {
    expect(isCopied(taken(22), CONTAINER)).toBe(false);
    expect(isCopied(taken(22, complete), CONTAINER)).toBe(true);
    expect(isCopied(taken(22, complete), 'https://other.example/hsm')).toBe(false);
    expect(isCopied(taken(22, { ...complete, completedAt: null }), CONTAINER)).toBe(false);
  });
});

describe('copyLag', () => {
  test('tells how much older the newest copied backup is than the newest, and how many wait', () => {
    expect(copyLag([taken(22), taken(21), taken(20, complete)], CONTAINER)).toEqual({
      container: CONTAINER,
      newestAt: '2026-11-20T02:00:00.000Z',
      lagHours: 48,
      waiting: 2,
    });
  });

  test('is nothing once the newest is copied', () => {
    expect(copyLag([taken(22, complete), taken(21)], CONTAINER)).toMatchObject({ lagHours: 0, waiting: 1 });
  });

  test('is not known without any copy, and without any backup', () => {
    expect(copyLag([taken(22)], CONTAINER)).toMatchObject({ newestAt: null, lagHours: null, waiting: 1 });
    expect(copyLag([], CONTAINER)).toMatchObject({ newestAt: null, lagHours: null, waiting: 0 });
  });

  test('leaves out what was never hashed, and what is marked for deletion', () => {
    expect(uncopied([{ ...taken(22), markedAt: AT }], CONTAINER)).toEqual([]);
    expect(uncopied([taken(22, undefined, []), taken(21)], CONTAINER).map(({ folder }) => folder)).toEqual(['mhsm-a-2026112102000000']);
  });
});

test('a copy may be removed so many days after it was complete, or after it was last worked on', () => {
  expect(copyRemovableAt(complete, 90)).toBe('2027-02-20T02:10:00.000Z');
  expect(copyRemovableAt({ ...complete, completedAt: null, at: '2026-11-23T00:00:00.000Z' }, 1)).toBe('2026-11-24T00:00:00.000Z');
});

describe('words', () => {
  test('say how many were copied, and how many wait', () => {
    expect(copiedWords({ copied: 1, waiting: 0 })).toBe('1 backup copied and compared');
    expect(copiedWords({ copied: 2, waiting: 3 })).toBe('2 backups copied and compared; 3 older backups to copy, the next runs go on');
  });

  test('name what is wrong, and what to do', () => {
    const problems = [
      sourceChanged('f', 'b'),
      copyDiffers('f', 'b', CONTAINER),
      noCopyContainer('a'),
      notToBeCopied('f'),
      copyUnfinished('f', 3),
      copyFailed(notToBeCopied('f')),
    ];
    for (const { message, hint } of problems) expect(`${message} ${hint}`.length).toBeGreaterThan(60);
    expect(copyUnfinished('f', 3).message).toContain('3 blobs so far');
    expect(copyFailed({ message: 'm', hint: 'h' })).toEqual({ message: 'The second copy is not complete: m', hint: 'h' });
  });
});
