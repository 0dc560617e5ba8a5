import { atLeast, type ProofLevel } from '../backup.ts';
import { descending } from './descending.ts';

/** A backup pinned by a person until a time, ISO 8601. */
export type Hold = Readonly<{ until: string; by?: string; reason?: string }>;

/** What retention needs to know of one backup. Times are ISO 8601. */
export type RetainedBackup = Readonly<{
  /** Unique; the folder's name. */
  id: string;
  takenAt: string;
  proof: ProofLevel;
  /** Absent: `complete`. `unrecorded`: a folder without a record of ours; `running`: still being written. */
  status?: 'complete' | 'failed' | 'partial' | 'running' | 'unrecorded';
  tags?: readonly string[];
  holds?: readonly Hold[];
  /** The run that reads it now: a restore or a drill. */
  inUseBy?: string;
  /** Until when it is the way back from a restore. */
  safetyUntil?: string;
  /** When it was marked for deletion; absent while it is not. */
  markedAt?: string;
}>;

/**
 * A backup with its time in milliseconds since 1970; later than {@link LATEST_MS} when it cannot be read, so that it comes first and is
 * refused.
 */
export type DatedBackup = Readonly<{ backup: RetainedBackup; takenMs: number; tags?: readonly string[] }>;

/** The latest instant that a date can hold. */
export const LATEST_MS = 8.64e15;

/** Newest first; backups of one time by their id, so that two runs always agree. */
export function newestFirst(backups: readonly RetainedBackup[]): DatedBackup[] {
  const times = new Float64Array(backups.length);
  backups.forEach(({ takenAt }, index) => {
    times[index] = readTime(takenAt);
  });
  const dated: DatedBackup[] = [];
  for (const position of descending(times)) {
    const backup = backups[position] as RetainedBackup;
    dated.push({ backup, takenMs: times[position] as number, tags: backup.tags });
  }
  sortTies(dated);
  return dated;
}

/** Sorts each run of backups of one time by id. */
function sortTies(dated: DatedBackup[]): void {
  for (let from = 0, to = 1; from < dated.length; from = to++) {
    while (to < dated.length && dated[to]?.takenMs === dated[from]?.takenMs) to++;
    if (to - from > 1) dated.splice(from, to - from, ...dated.slice(from, to).sort(byId));
  }
}

/** Whether a backup takes part in the rules: complete, ours, and proven well enough. */
export const isCandidate = ({ status = 'complete', proof }: RetainedBackup, countsFrom: ProofLevel): boolean =>
  status === 'complete' && atLeast(proof, countsFrom);

/** Whether a backup bears a mark whose time can be read. Another mark is none: it is set anew, and nothing is deleted by it. */
export const isMarked = ({ markedAt }: RetainedBackup): boolean => markedAt !== undefined && !Number.isNaN(Date.parse(markedAt));

const readTime = (takenAt: string): number => {
  const takenMs = Date.parse(takenAt);
  return Number.isNaN(takenMs) ? LATEST_MS + 1 : takenMs;
};

const byId = ({ backup: a }: DatedBackup, { backup: b }: DatedBackup): number => (a.id < b.id ? -1 : 1);
