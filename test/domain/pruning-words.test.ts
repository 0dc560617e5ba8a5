import { describe, expect, test } from 'vitest';
import type { PruningSummary } from '../../src/domain/pruning.ts';
import {
  observedWords,
  type PruningOutcome,
  prunedMeanwhile,
  prunedWords,
  refusedPruning,
  unfinishedPruning,
  unvouchedWords,
  youngWords,
} from '../../src/domain/pruning-words.ts';

const NOTHING: PruningSummary = {
  mode: 'delete',
  now: '2026-11-22T03:00:00.000Z',
  policyHash: '#',
  backups: 7,
  refused: null,
  young: false,
  mark: 0,
  lift: 0,
  waiting: 0,
  nextDeletableAt: null,
  due: 0,
  prune: [],
  copies: [],
  approval: null,
};
const NONE: PruningOutcome = { marked: 0, lifted: 0, pruned: 0, spared: 0, retained: 0, copies: 0, copiesRetained: 0 };

describe('observedWords', () => {
  test('tells what would be done', () => {
    expect(observedWords({ ...NOTHING, mark: 2, lift: 1, due: 3 })).toBe(
      'observing: would mark 2, bring back 1, delete 3; 7 backups in all',
    );
    expect(observedWords({ ...NOTHING, backups: 1 })).toBe('observing: would change nothing; 1 backup in all');
  });

  test('tells why nothing would be', () => {
    const refused = { guard: 'floor', message: 'There is 1 backup.', hint: 'Wait.' } as const;
    expect(observedWords({ ...NOTHING, refused })).toBe('observing: would delete nothing. There is 1 backup.');
  });
});

describe('prunedWords', () => {
  test('tells what was done, and what is left', () => {
    const plan: PruningSummary = {
      ...NOTHING,
      waiting: 2,
      nextDeletableAt: '2026-11-27T03:00:00.000Z',
      due: 5,
      prune: [{ folder: 'f', markedAt: null }],
    };
    expect(prunedWords(plan, { marked: 1, lifted: 2, pruned: 3, spared: 4, retained: 1, copies: 0, copiesRetained: 0 })).toBe(
      'marked 1, brought back 2, deleted 3, spared at the last moment 4, 1 partly retained by an immutability policy or legal hold of the storage account, left for the next run 4, 2 marked before, the next deletable at 2026-11-27T03:00:00.000Z; 7 backups before',
    );
  });

  test('tells of second copies apart', () => {
    expect(prunedWords(NOTHING, { ...NONE, copies: 1, copiesRetained: 2 })).toBe(
      'deleted 1 second copy, 2 second copies partly retained by an immutability policy or legal hold of the storage account; 7 backups before',
    );
    expect(observedWords({ ...NOTHING, copies: ['f'] })).toBe('observing: would delete 1 second copy; 7 backups in all');
  });

  test('names who let it go beyond the brake', () => {
    const plan = { ...NOTHING, approval: { by: 'root', planHash: 'x' } };
    expect(prunedWords(plan, { ...NONE, marked: 12 })).toBe('marked 12, as root approved; 7 backups before');
  });

  test('says so when there was nothing to do', () => {
    expect(prunedWords(NOTHING, NONE)).toBe('nothing to forget; 7 backups before');
  });
});

test('a refused plan is a problem that says first that nothing is deleted', () => {
  expect(refusedPruning({ message: 'A clock is wrong.', hint: 'Mend it.' })).toEqual({
    message: 'Nothing is deleted: A clock is wrong.',
    hint: 'Mend it.',
  });
});

test('unfinished deletions name how many, the first reason, and what was done all the same', () => {
  const { message, hint } = unfinishedPruning(2, { message: 'Storage did not answer.', hint: 'x' }, 'deleted 1');
  expect(message).toBe('2 backups could not be deleted, or not to the end: Storage did not answer. (deleted 1)');
  expect(hint).toContain('the next nightly run goes on');
});

test('too few backups with nothing to forget are no problem', () => {
  expect(youngWords({ message: 'There are 2 backups.', hint: 'Wait.' })).toBe('nothing to forget yet. There are 2 backups.');
});

test('whoever needs a backup that was given up is told so', () => {
  expect(prunedMeanwhile('f')).toMatchObject({ message: expect.stringContaining('deleted f'), hint: expect.stringContaining('another') });
});

test('says why a night whose job nobody heard of deletes nothing', () => {
  expect(unvouchedWords('mhsm-a-1')).toBe(
    'nothing is deleted tonight: the HSM did not tell that mhsm-a-1 is complete, so the older backups stay as they are',
  );
});
