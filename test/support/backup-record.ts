import type { BackupRecord } from '../../src/domain/record.ts';

/** A whole record of proof L1 as a nightly run of the HSM `a` writes it. */
export const backupRecord = (changes: Partial<BackupRecord> = {}): BackupRecord => ({
  schema: 'hsmkeep.record/1',
  hsm: 'a',
  folder: 'mhsm-a-2026112202000000',
  takenAt: '2026-11-22T02:00:00.000Z',
  status: 'complete',
  run: 'backup-a-20261122T0200Z',
  intentAt: '2026-11-22T02:00:00.000Z',
  jobId: 'x',
  adopted: false,
  startedAt: null,
  endedAt: null,
  securityDomain: null,
  manifest: { sha256: 'm', blobs: 4, sizeBytes: 10 },
  inventory: { keys: 2, keyVersions: 3, roleDefinitions: 10, roleAssignments: 1, settings: 'unreadable', uncertain: [] },
  proofs: [{ level: 'L1', at: '2026-11-22T02:01:00.000Z', run: 'r1' }],
  holds: [],
  marks: [],
  ...changes,
});
