import { atLeast, type ProofLevel } from '../backup.ts';

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

/** A backup with its time in milliseconds since 1970; an unreadable time is infinitely late, so that it comes first and is refused. */
export type DatedBackup = Readonly<{ backup: RetainedBackup; takenMs: number; tags?: readonly string[] }>;

/** Newest first; backups of one time by their id, so that two runs always agree. */
export function newestFirst(backups: readonly RetainedBackup[]): DatedBackup[] {
  return backups.map(dated).sort((a, b) => (a.takenMs === b.takenMs ? byId(a.backup, b.backup) : b.takenMs - a.takenMs));
}

/** Whether a backup takes part in the rules: complete, ours, and proven well enough. */
export const isCandidate = ({ status = 'complete', proof }: RetainedBackup, countsFrom: ProofLevel): boolean =>
  status === 'complete' && atLeast(proof, countsFrom);

/** Whether a backup bears a mark whose time can be read. Another mark is none: it is set anew, and nothing is deleted by it. */
export const isMarked = ({ markedAt }: RetainedBackup): boolean => markedAt !== undefined && !Number.isNaN(Date.parse(markedAt));

function dated(backup: RetainedBackup): DatedBackup {
  const takenMs = Date.parse(backup.takenAt);
  return { backup, takenMs: Number.isNaN(takenMs) ? Number.POSITIVE_INFINITY : takenMs, tags: backup.tags };
}

const byId = (a: RetainedBackup, b: RetainedBackup): number => (a.id < b.id ? -1 : 1);
