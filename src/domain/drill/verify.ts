import { PROOF_LEVELS } from '../backup.ts';
import { takenAtOf } from '../folder.ts';
import type { Inventory } from '../inventory.ts';
import { PARTS, sizeOf, versionsOf } from '../inventory.ts';
import type { BackupRecord, ManifestEntry, ManifestSummary } from '../record.ts';
import { parseRunId } from '../run-id.ts';

/** A backup's record that can be relied on, as far as its own words tell. */
export type SoundRecord = BackupRecord & Readonly<{ status: 'complete'; manifest: ManifestSummary }>;

/**
 * Holds a record against what it must say of its backup: every fact is there, well-formed, and agrees with the folder's name.
 *
 * @param record As it was parsed; nothing about it is believed.
 * @returns What is wrong; undefined for a sound one.
 */
export function recordTrouble(record: BackupRecord, hsm: string, folder: string): string | undefined {
  const wrong = CHECKS.find(([, isRight]) => !isRight(record, hsm, folder));
  return wrong && `its record does not say a right ${wrong[0]}`;
}

type Check = (record: BackupRecord, hsm: string, folder: string) => boolean;

const isInstant = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isRunOf = (value: unknown, hsm: string): boolean =>
  typeof value === 'string' && parseRunId(value)?.subject.toLowerCase() === hsm.toLowerCase();

const CHECKS: readonly (readonly [fact: string, check: Check])[] = [
  ['hsm', (record, hsm) => String(record.hsm).toLowerCase() === hsm.toLowerCase()],
  ['folder', (record, _hsm, folder) => record.folder === folder],
  ['takenAt', ({ takenAt }, _hsm, folder) => takenAt === takenAtOf(folder)],
  ['status', ({ status }) => status === 'complete'],
  ['run', ({ run }, hsm) => isRunOf(run, hsm)],
  ['intentAt', ({ intentAt }) => isInstant(intentAt)],
  ['jobId', ({ jobId }) => jobId === null || /^[0-9a-f]{32}$/.test(String(jobId))],
  ['adopted', ({ adopted, jobId }) => typeof adopted === 'boolean' && adopted === (jobId === null)],
  ['startedAt', ({ startedAt }) => startedAt === null || isInstant(startedAt)],
  ['endedAt', ({ endedAt }) => endedAt === null || isInstant(endedAt)],
  ['securityDomain', ({ securityDomain }) => securityDomain === null || typeof securityDomain === 'string'],
  [
    'manifest',
    ({ manifest }) => /^[0-9a-f]{64}$/.test(String(manifest?.sha256)) && isCount(manifest?.blobs) && isCount(manifest?.sizeBytes),
  ],
  ['list of proofs', ({ proofs }) => Array.isArray(proofs) && proofs.length > 0 && proofs.every(isProof)],
  ['list of holds', ({ holds }) => Array.isArray(holds) && holds.every(({ until }) => isInstant(until))],
  ['list of marks', ({ marks }) => Array.isArray(marks) && marks.every(({ at }) => isInstant(at))],
  [
    'inventory',
    ({ inventory }) =>
      inventory === null || PARTS_COUNTED.every((part) => isCount(inventory?.[part]) || inventory?.[part] === 'unreadable'),
  ],
];

const isProof = ({ level, at, run }: BackupRecord['proofs'][number]): boolean =>
  PROOF_LEVELS.includes(level) && isInstant(at) && parseRunId(String(run)) !== undefined;

const PARTS_COUNTED = ['keys', 'keyVersions', 'roleDefinitions', 'roleAssignments', 'settings'] as const;

/**
 * Holds the inventory beside a backup against the digest and the counts in its record.
 *
 * @param inventory Undefined when there is none. `found`: its SHA-256 as it is now.
 */
export function inventoryTrouble(
  { inventory: summary }: BackupRecord,
  inventory: Inventory | undefined,
  found: string | undefined,
  folder: string,
): string | undefined {
  if (summary === null) return undefined;
  if (!inventory) return 'its inventory is missing';
  const { parts } = inventory;
  const counted = { ...Object.fromEntries(PARTS.map((part) => [part, sizeOf(parts[part])])), keyVersions: versionsOf(parts.keys) };
  const differs = PARTS_COUNTED.some((part) => (counted as Record<string, unknown>)[part] !== summary[part]);
  const changed = summary.sha256 !== undefined && summary.sha256 !== found;
  return differs || changed || inventory.folder !== folder ? 'its inventory is not the one that was recorded' : undefined;
}

/**
 * Holds a manifest against the blobs that are there now: none missing, none added, none of another size.
 *
 * @param entries As the manifest lists them; `listed`: names below the folder, with sizes.
 */
export function listingTrouble(
  entries: readonly ManifestEntry[],
  listed: readonly Readonly<{ name: string; sizeBytes: number }>[],
): string | undefined {
  const there = new Map(listed.map(({ name, sizeBytes }) => [name, sizeBytes]));
  for (const { name, sizeBytes } of entries) {
    const size = there.get(name);
    if (size === undefined) return `blob ${name} is missing`;
    if (size !== sizeBytes) return `blob ${name} has ${size} bytes instead of ${sizeBytes}`;
    there.delete(name);
  }
  const [added] = there.keys();
  return added === undefined ? undefined : `blob ${added} was added`;
}

/** @param found SHA-256 of the manifest as it is now, lower-case hexadecimal. */
export const manifestTrouble = ({ manifest }: SoundRecord, found: string): string | undefined =>
  found === manifest.sha256
    ? undefined
    : `its manifest is not the one that was recorded (SHA-256 ${found.slice(0, 16)}… instead of ${manifest.sha256.slice(0, 16)}…)`;

/** @param found SHA-256 of the blob as it is now. */
export const blobTrouble = ({ name, sha256 }: ManifestEntry, found: string | undefined): string | undefined => {
  if (found === sha256) return undefined;
  return found === undefined
    ? `blob ${name} went or changed while it was read`
    : `blob ${name} changed (SHA-256 ${found.slice(0, 16)}… instead of ${sha256.slice(0, 16)}…)`;
};
