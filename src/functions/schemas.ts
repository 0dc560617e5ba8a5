import * as z from 'zod';
import { PROOF_LEVELS } from '../domain/backup.ts';

/** The API's answers as JSON Schemas; the types in `domain/views` and `domain/run` are the same shapes. */
const instant = z.string().describe('ISO 8601, UTC');

export const problem = z
  .object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string(), hint: z.string().describe('What to do about it') })
  .describe('RFC 9457 problem');

export const step = z.object({
  name: z.string(),
  status: z.enum(['Running', 'Waiting', 'Completed', 'Degraded', 'Failed', 'Canceled', 'Skipped']),
  startedAt: instant,
  endedAt: instant.nullable(),
  message: z.string().optional(),
  hint: z.string().optional(),
});

export const run = z.object({
  id: z.string(),
  kind: z.enum(['backup', 'prune', 'pre-restore', 'restore', 'drill', 'rotation']),
  subject: z.string(),
  status: z.enum(['Running', 'Waiting', 'Completed', 'Degraded', 'Failed', 'Canceled']),
  startedAt: instant,
  endedAt: instant.nullable(),
  steps: z.array(step),
  result: z.record(z.string(), z.unknown()).optional(),
});

export const backup = z.object({
  folder: z.string(),
  hsm: z.string(),
  takenAt: instant,
  proof: z.enum(PROOF_LEVELS),
  status: z.enum(['complete', 'failed', 'unrecorded']),
  blobs: z.int().nullable(),
  sizeBytes: z.int().nullable(),
  keys: z.int().nullable(),
  adopted: z.boolean(),
  run: z.string().nullable(),
});

export const backupDetail = z.object({ backup, record: z.record(z.string(), z.unknown()).nullable() });

export const hsm = z.object({
  name: z.string(),
  url: z.string(),
  status: z.enum(['ok', 'overdue', 'never']),
  lastBackup: backup.nullable(),
  newestProven: backup.nullable(),
  newestProvenAgeHours: z.number().nullable(),
  maxAgeHours: z.number(),
  schedule: z.string(),
  timeZone: z.string(),
  nextBackupAt: instant,
  backups: z.int(),
  problem: z.object({ message: z.string(), hint: z.string() }).optional(),
});

export const started = z.object({ runId: z.string() });
export const health = z.object({ status: z.enum(['ok', 'failing']), oldestProvenAgeHours: z.number().nullable() });
export const pageOf = (item: z.ZodType) => z.object({ value: z.array(item), nextLink: z.string().optional() });
