import * as z from 'zod';
import { PROOF_LEVELS } from '../domain/backup.ts';
import { parseFolder } from '../domain/folder.ts';
import { RESTORE_STATES } from '../domain/restore/state.ts';

/** The bodies and answers of restores; the types in `domain/restore` and `restore-views` are the same shapes. */
const instant = z.string().describe('ISO 8601, UTC');
const keyName = z.string().regex(/^[0-9a-zA-Z-]{1,127}$/, 'must be the name of a key: letters, digits and hyphens');
const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be the hash of the plan: 64 hexadecimal digits');

const selector = z.union(
  [
    z.strictObject({
      folder: z.string().refine((folder) => parseFolder(folder) !== undefined, 'must be the folder of a backup: mhsm-<hsm>-<16 digits>'),
    }),
    z.strictObject({ at: z.iso.datetime({ offset: true }) }),
    z.strictObject({ key: keyName, version: z.string().regex(/^[0-9a-f]{32}$/i, 'must be the version of a key: 32 hexadecimal digits') }),
  ],
  { error: 'must be {"folder"}, {"at": ISO 8601} or {"key", "version"}' },
);

export const planBody = z.strictObject({
  selector: selector
    .optional()
    .describe('Which backup: this folder; the newest proven at or before an instant; the newest proven that holds a version of a key'),
  from: z
    .enum(['backups', 'immutableCopy'])
    .optional()
    .describe(
      'Where the backup is read: where the HSM wrote it (default), or the second copy, which is first brought to a fresh container',
    ),
  target: z.string().optional().describe('The HSM to restore into; without it the one that was backed up'),
  scope: z.union([z.literal('full'), z.strictObject({ key: keyName })], { error: 'must be "full" or {"key": name}' }).default('full'),
});
export const decideBody = z.strictObject({ hash, note: z.string().max(1000).optional() });
export const executeBody = z.strictObject({ hash });

const items = z.union([
  z.literal('unreadable'),
  z.object({ vanish: z.array(z.string()), comeBack: z.array(z.string()), change: z.array(z.string()) }),
]);
const diff = z.object({ keys: items, deletedKeys: items, roleDefinitions: items, roleAssignments: items, settings: items });

export const restore = z.object({
  id: z.string(),
  hash: z.string().describe('SHA-256 of what an approval stands for'),
  state: z.enum(RESTORE_STATES),
  requestedBy: z.object({ oid: z.string(), name: z.string() }),
  plannedAt: instant,
  expiresAt: instant,
  source: z.string(),
  target: z.string(),
  from: z.enum(['backups', 'immutableCopy']).optional(),
  landing: z.string().optional().describe('Of a restore from the immutable copy: the container that it is copied to'),
  container: z.string(),
  folder: z.string(),
  takenAt: instant,
  proof: z.enum(PROOF_LEVELS),
  manifestSha256: z.string().nullable(),
  scope: z.union([z.literal('full'), z.object({ key: z.string() })]),
  diff: diff.describe('What vanishes from the target, comes back and changes'),
  uncertain: z.array(z.string()),
  preflights: z.array(
    z.object({ name: z.string(), status: z.enum(['ok', 'warning', 'failed']), message: z.string(), hint: z.string().optional() }),
  ),
  decision: z.object({ verdict: z.enum(['approved', 'rejected']), by: z.string(), at: instant, note: z.string().nullable() }).nullable(),
  runId: z.string().nullable(),
  outcome: z.object({ at: instant, remaining: diff, lostAssignments: z.array(z.record(z.string(), z.unknown())) }).nullable(),
});
