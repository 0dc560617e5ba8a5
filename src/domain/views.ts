import type { ProofLevel } from './backup.ts';

/** One HSM as `GET /hsms` shows it. Times are ISO 8601 UTC. */
export type HsmView = Readonly<{
  name: string;
  url: string;
  /** `ok`: the newest proven backup is young enough; `overdue`: it is older than `maxAgeHours`; `never`: there is none. */
  status: 'ok' | 'overdue' | 'never';
  lastBackup: BackupView | null;
  newestProven: BackupView | null;
  newestProvenAgeHours: number | null;
  maxAgeHours: number;
  schedule: string;
  timeZone: string;
  nextBackupAt: string;
  /** How many backup folders of this HSM the container holds, recorded or not. */
  backups: number;
  /** How far the second copies are behind; absent where none are configured. */
  copy?: CopyLag;
  /** Why the listing is incomplete, for people; absent when all could be read. */
  problem?: Problem;
}>;

/** How the second copies of one HSM stand. */
export type CopyLag = Readonly<{
  /** Address of their container. */
  container: string;
  /** When the newest backup with a complete copy was taken, ISO 8601 UTC; null while there is none. */
  newestAt: string | null;
  /** How much older that one is than the newest hashed backup, in hours; 0: the newest is copied. Null while there is no copy at all. */
  lagHours: number | null;
  /** Hashed backups whose copy is not complete. */
  waiting: number;
}>;

/** One backup as lists show it. */
export type BackupView = Readonly<{
  folder: string;
  hsm: string;
  takenAt: string;
  proof: ProofLevel;
  /** `damaged`: its record cannot be relied on, so it counts for nothing; `problem` tells why. */
  status: 'complete' | 'failed' | 'unrecorded' | 'damaged';
  blobs: number | null;
  sizeBytes: number | null;
  keys: number | null;
  /** Taken by someone else's job, or by one whose answer was lost. */
  adopted: boolean;
  run: string | null;
  /** Since when it is marked for deletion, ISO 8601 UTC; absent while it is not. */
  markedAt?: string;
  /** Its second copy, when a run has begun one; `completedAt` null while not all of it is there and compared. */
  copy?: Readonly<{ container: string; completedAt: string | null }>;
  problem?: Problem;
}>;

/** What happened, and what to do about it. `failure`: for programs, where somebody counts them. */
export type Problem = Readonly<{ message: string; hint: string; failure?: FailureCode }>;

/**
 * What kind of failure it is, and its short code; ours, or a service's own.
 *
 * - `denied`: somebody lacks a right. `rejected`: the target does not like the value. `config`: tags or configuration are wrong.
 * - `unreachable`: no clear answer. `gone`: what it is about is not there. `not-now`: it was asked for at a wrong time.
 * - `parked`: nothing may be done before a person has looked.
 */
export type FailureCode = Readonly<{
  kind: 'denied' | 'rejected' | 'config' | 'unreachable' | 'gone' | 'not-now' | 'parked';
  code: string;
}>;

export type Page<T> = Readonly<{ value: readonly T[]; nextLink?: string }>;
