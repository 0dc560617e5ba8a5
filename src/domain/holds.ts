import type { BackupRecord } from './record.ts';
import { parseRunId } from './run-id.ts';

export type RecordHold = BackupRecord['holds'][number];

/** Whether a restore or a drill holds the backup, and no person. */
const isOfRun = ({ by }: RecordHold): boolean => ['restore', 'drill'].includes(parseRunId(by)?.kind ?? '');

/** The record with a person's hold, in place of an earlier one of theirs. */
export const withHold = (record: BackupRecord, hold: RecordHold): BackupRecord => ({
  ...record,
  holds: [...record.holds.filter(({ by }) => by !== hold.by), hold],
});

/** The record without the holds of persons; what a restore or drill holds, it goes on holding until its time. */
export const withoutPersonalHolds = (record: BackupRecord): BackupRecord => ({ ...record, holds: record.holds.filter(isOfRun) });

/** The record without marks: the next plan that forgets the backup marks it anew, with the whole time to think it over. */
export const withoutMarks = (record: BackupRecord): BackupRecord => ({ ...record, marks: [] });
