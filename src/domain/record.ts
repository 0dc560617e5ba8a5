import { atLeast, type ProofLevel } from './backup.ts';
import type { Canary } from './canary.ts';
import { takenAtOf } from './folder.ts';
import type { BackupView, Problem } from './views.ts';

/** The folder's blobs, as read: one line of the `.manifest.jsonl` for each. */
export type ManifestEntry = Readonly<{ name: string; sizeBytes: number; etag: string; sha256: string }>;

/** What the record keeps of the manifest beside it. `sha256` is that of the manifest file. */
export type ManifestSummary = Readonly<{ sha256: string; blobs: number; sizeBytes: number }>;

/** What the record keeps of the inventory beside it. A part that could not be read is `unreadable`. `sha256` is that of the inventory file; earlier versions kept none. */
export type InventorySummary = Readonly<{
  keys: number | 'unreadable';
  keyVersions: number | 'unreadable';
  roleDefinitions: number | 'unreadable';
  roleAssignments: number | 'unreadable';
  settings: number | 'unreadable';
  sha256?: string;
  /** Items that differed before and after the backup: which state it holds is not known. */
  uncertain: readonly string[];
}>;

/** How a proof was come by. */
export type Proof = Readonly<{ level: ProofLevel; at: string; run: string; message?: string }>;

/**
 * The second copy of a backup, in the container of `immutableCopy`: every blob, the manifest and the inventory under the same paths as here, and
 * last the record. A folder without a record there is no whole copy. Times are ISO 8601 UTC.
 */
export type CopyState = Readonly<{
  /** The container's address. */
  container: string;
  /** The run that worked on it last, and when. */
  run: string;
  at: string;
  /** How many blobs, in the order of the manifest, are there and were read back with the SHA-256 of the manifest. */
  blobs: number;
  /** When all of it was there and compared; null while it is not. */
  completedAt: string | null;
  /** What kept the last run from completing it, for people; absent when only its time was up. */
  problem?: string;
}>;

/** `hsmkeep/<hsm>/<folder>.json`: our document about one backup. Times are ISO 8601 UTC. */
export type BackupRecord = Readonly<{
  schema: 'hsmkeep.record/1';
  hsm: string;
  folder: string;
  takenAt: string;
  status: 'complete' | 'failed';
  /** The run that recorded it. */
  run: string;
  /** The HSM's clock when the run stored its intent. */
  intentAt: string;
  /** Null when another's job, or one whose answer was lost, wrote the folder. */
  jobId: string | null;
  adopted: boolean;
  startedAt: string | null;
  endedAt: string | null;
  securityDomain: string | null;
  manifest: ManifestSummary | null;
  inventory: InventorySummary | null;
  /** Oldest first; the record's level is the highest. */
  proofs: readonly Proof[];
  holds: readonly Readonly<{ by: string; until: string; reason: string }>[];
  marks: readonly Readonly<{ at: string; run: string; reason: string }>[];
  /** What a drill holds the restored canary key against; absent where the HSM had none, or the backup does not hold its version. */
  canary?: Canary;
  /** Absent: no run has begun to copy it. */
  copy?: CopyState;
  /**
   * It was given up, and its blobs are being removed: no backup any more. `removedAt`: they are; what is left to remove is the second copy, when
   * its time has come.
   */
  gone?: Readonly<{ at: string; run: string; removedAt?: string }>;
  /**
   * SHA-256 of the canonical JSON of all the other fields, lower-case hexadecimal, written anew with every change. Absent in records of versions
   * that wrote none, until one is next changed.
   */
  seal?: string;
}>;

export const recordPath = (hsm: string, folder: string): string => `hsmkeep/${hsm}/${folder}.json`;
export const manifestPath = (hsm: string, folder: string): string => `hsmkeep/${hsm}/${folder}.manifest.jsonl`;
export const inventoryPath = (hsm: string, folder: string): string => `hsmkeep/${hsm}/${folder}.inventory.json`;

/** The highest level that was reached. */
export const proofOf = ({ proofs }: Pick<BackupRecord, 'proofs'>): ProofLevel =>
  proofs.reduce<ProofLevel>((highest, { level }) => (atLeast(level, highest) ? level : highest), 'L0');

/** The record with one more proof; the same record when it has this proof of this run already. */
export function withProof(record: BackupRecord, proof: Proof): BackupRecord {
  const known = record.proofs.some(({ level, run }) => level === proof.level && run === proof.run);
  return known ? record : { ...record, proofs: [...record.proofs, proof] };
}

/** When a record's backup was marked for deletion, ISO 8601 UTC; undefined while it is not. */
export const markedAt = ({ marks }: Pick<BackupRecord, 'marks'>): string | undefined => marks.at(-1)?.at;

/** A recorded backup as lists show it. */
export function viewOfRecord(record: BackupRecord): BackupView {
  const keys = record.inventory?.keys;
  const marked = markedAt(record);
  return {
    folder: record.folder,
    hsm: record.hsm,
    takenAt: record.takenAt,
    proof: proofOf(record),
    status: record.status,
    blobs: record.manifest?.blobs ?? null,
    sizeBytes: record.manifest?.sizeBytes ?? null,
    keys: typeof keys === 'number' ? keys : null,
    adopted: record.adopted,
    run: record.run,
    ...(marked !== undefined && { markedAt: marked }),
    ...(record.copy && { copy: { container: record.copy.container, completedAt: record.copy.completedAt } }),
  };
}

/** A folder that nobody recorded, as lists show it. */
export function viewOfFolder(hsm: string, folder: string): BackupView {
  return {
    folder,
    hsm,
    takenAt: takenAtOf(folder),
    proof: 'L0',
    status: 'unrecorded',
    blobs: null,
    sizeBytes: null,
    keys: null,
    adopted: false,
    run: null,
  };
}

/** A folder whose record cannot be relied on, as lists show it: what it was proven to is not known. */
export const viewOfDamaged = (hsm: string, folder: string, problem: Problem): BackupView => ({
  ...viewOfFolder(hsm, folder),
  status: 'damaged',
  problem,
});

/** Whether a view counts as a backup that somebody may rely on. */
export const isProven = (view: BackupView, countsFrom: ProofLevel): boolean =>
  view.status === 'complete' && atLeast(view.proof, countsFrom);
