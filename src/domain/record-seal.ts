import { parseDocument } from './documents.ts';
import { OperatorError } from './errors.ts';
import type { BackupRecord } from './record.ts';
import type { Hash } from './retention/brake.ts';
import { canonicalJson } from './retention/canonical-json.ts';

/** The record with the digest of all that it says, as it is written. A seal that it had is replaced. */
export function sealed(record: BackupRecord, hash: Hash): BackupRecord {
  const { seal: _, ...said } = record;
  return { ...said, seal: hash(canonicalJson(said)) };
}

/**
 * Reads a record, and believes it only if it says what was written. One without a seal is of a version that wrote none; it has no field that
 * such a version did not know, or it has lost its seal.
 *
 * This finds damage and changes by hand. It is no signature: who may write the container can also make a seal.
 *
 * @param path Named in the error.
 * @throws {OperatorError} when it cannot be relied on.
 */
export function parseRecord(text: string, path: string, hash: Hash): BackupRecord {
  const record = parseDocument<BackupRecord>(text, 'hsmkeep.record/1', path);
  const isTrue = record.seal === undefined ? Object.keys(record).every(isKnown) : record.seal === sealed(record, hash).seal;
  if (isTrue) return record;
  throw new OperatorError(
    `${path} was changed after it was written: it does not have the SHA-256 that was written with it.`,
    'Restore an earlier version of this blob (versioning keeps it). Where there is none: remove the record, then adopt the folder, which reads every byte of it again (hsmkeep backup adopt).',
  );
}

/** What versions without seals wrote. */
const KNOWN: Readonly<Record<Exclude<keyof BackupRecord, 'seal'>, true>> = {
  schema: true,
  hsm: true,
  folder: true,
  takenAt: true,
  status: true,
  run: true,
  intentAt: true,
  jobId: true,
  adopted: true,
  startedAt: true,
  endedAt: true,
  securityDomain: true,
  manifest: true,
  inventory: true,
  proofs: true,
  holds: true,
  marks: true,
  canary: true,
  copy: true,
  gone: true,
};
const isKnown = (field: string): boolean => Object.hasOwn(KNOWN, field);
