import { expect, test } from 'vitest';
import { withHold, withoutMarks, withoutPersonalHolds } from '../../src/domain/holds.ts';
import { backupRecord } from '../support/backup-record.ts';

const [until, later] = ['2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'];
const ofAlice = { by: 'alice', until, reason: 'audit' };
const ofBob = { by: 'bob', until, reason: 'migration' };
const ofRestore = { by: 'restore-a-20261122T030000000Z', until, reason: 'the way back' };
const ofDrill = { by: 'drill-a-20261122T060000000Z', until, reason: 'the newest good backup' };

test('a person has one hold on a backup: a new one takes the place of theirs, and of nobody else’s', () => {
  const again = { ...ofAlice, until: later };
  expect(withHold(backupRecord({ holds: [ofAlice, ofBob, ofRestore] }), again).holds).toEqual([ofBob, ofRestore, again]);
});

test('persons can give back what persons hold, not what a restore needs', () => {
  expect(withoutPersonalHolds(backupRecord({ holds: [ofAlice, ofRestore, ofDrill, ofBob] })).holds).toEqual([ofRestore, ofDrill]);
});

test('whoever is named like a run of another kind is a person', () => {
  const named = { ...ofAlice, by: 'backup-a-20261122T0200Z' };
  expect(withoutPersonalHolds(backupRecord({ holds: [named] })).holds).toEqual([]);
});

test('an undone mark is gone, and nothing else of the record', () => {
  const record = backupRecord({ holds: [ofAlice], marks: [{ at: until, run: 'r', reason: 'no rule keeps it' }] });
  expect(withoutMarks(record)).toEqual({ ...record, marks: [] });
});
