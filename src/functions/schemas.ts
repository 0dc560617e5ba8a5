import * as z from 'zod';
import { PROOF_LEVELS } from '../domain/backup.ts';
import { RUN_KINDS } from '../domain/run.ts';

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
  failure: z
    .object({ kind: z.enum(['denied', 'rejected', 'config', 'unreachable', 'gone', 'not-now', 'parked']), code: z.string() })
    .optional()
    .describe('Where failures are told apart'),
});

export const run = z.object({
  id: z.string(),
  kind: z.enum(RUN_KINDS),
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
  status: z.enum(['complete', 'failed', 'unrecorded', 'damaged']),
  blobs: z.int().nullable(),
  sizeBytes: z.int().nullable(),
  keys: z.int().nullable(),
  adopted: z.boolean(),
  run: z.string().nullable(),
  markedAt: instant.optional().describe('Since when it is marked for deletion'),
  copy: z
    .object({ container: z.string(), completedAt: instant.nullable() })
    .optional()
    .describe('The second copy, when a run has begun one; `completedAt` is null while not all of it is there and compared'),
  problem: z
    .object({ message: z.string(), hint: z.string() })
    .optional()
    .describe('Why its record cannot be relied on, when it is damaged'),
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
  copy: z
    .object({ container: z.string(), newestAt: instant.nullable(), lagHours: z.number().nullable(), waiting: z.int() })
    .optional()
    .describe('How far the second copies are behind'),
  problem: z.object({ message: z.string(), hint: z.string() }).optional(),
});

export const secret = z.object({
  vault: z.string(),
  name: z.string(),
  owner: z.string().nullable().describe('The tag `owner`'),
  state: z.enum(['unmanaged', 'fresh', 'due', 'rotating', 'in-grace', 'retiring']),
  enabled: z.boolean(),
  provider: z.string().nullable(),
  unmanagedBecause: z.enum(['never-managed', 'taken-out']).nullable(),
  everyDays: z.number().nullable().describe('How old its policy lets a value become'),
  target: z.string().nullable(),
  createdAt: instant,
  ageDays: z.number().describe('How old the current value is'),
  dueAt: instant.nullable(),
  expiresAt: instant.nullable(),
  graceUntil: instant.nullable(),
  windowOpensAt: instant.nullable().describe('When its window opens, where what is to be done waits for that'),
  rotationId: z.string().nullable(),
  next: z
    .object({ reason: z.enum(['due', 'expired', 'unfinished', 'grace-over', 'changed-by-others']), action: z.enum(['rotate', 'retire']) })
    .nullable(),
  rotation: z.enum(['observe', 'on']),
  lastResult: z
    .object({
      run: z.string(),
      status: z.enum(['Running', 'Waiting', 'Completed', 'Degraded', 'Failed', 'Canceled']),
      outcome: z.string().nullable().describe('What came of it: rotated, retired, repaired, …'),
      endedAt: instant,
    })
    .nullable()
    .describe('How the newest run on it ended'),
});

export const secretDetail = z.object({
  secret,
  tags: z.record(z.string(), z.string()),
  versions: z.array(
    z.object({
      version: z.string(),
      createdAt: instant,
      expiresAt: instant.nullable(),
      enabled: z.boolean(),
      rotationId: z.string().nullable(),
    }),
  ),
});

export const secretUnmanaged = z.object({ managed: z.literal(false), tags: z.record(z.string(), z.string()) });

export const secretManagement = z.object({
  managed: z.boolean(),
  checks: z.array(z.object({ check: z.string(), ok: z.boolean() })),
  tags: z.record(z.string(), z.string()),
  expiresAt: instant,
});

export const drillPlan = z.object({
  source: z.string(),
  target: z.string(),
  folder: z.string(),
  mode: z.enum(['canary', 'full']),
  copied: z.array(z.string()).describe('What the drill HSM holds afterwards and did not before'),
  destroyed: z.array(z.string()).describe('What the drill HSM holds now and that is gone or changed afterwards'),
  rearm: z.array(z.string()).describe('Role assignments of the drill HSM that end'),
  preflights: z.array(
    z.object({ name: z.string(), status: z.enum(['ok', 'warning', 'failed']), message: z.string(), hint: z.string().optional() }),
  ),
});

export const started = z.object({ runId: z.string() });
export const health = z.object({ status: z.enum(['ok', 'failing']), oldestProvenAgeHours: z.number().nullable() });
export const pageOf = (item: z.ZodType) => z.object({ value: z.array(item), nextLink: z.string().optional() });
export const secretList = z.object({
  value: z.array(secret),
  nextLink: z.string().optional(),
  problems: z.array(z.object({ vault: z.string(), problem: z.object({ message: z.string(), hint: z.string() }) })),
});

export const auditDay = z.object({
  day: z.string(),
  value: z
    .array(z.object({ run: z.string(), kind: z.enum(RUN_KINDS), subject: z.string(), outcome: z.string(), at: instant }))
    .describe('The end of each run that the trail has on this day, once'),
  unreadable: z.int().describe('Lines that are no audit events'),
});
