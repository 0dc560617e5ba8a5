import type { ProofLevel } from '../backup.ts';
import { canonicalJson } from '../retention/canonical-json.ts';
import { parseRunId } from '../run-id.ts';
import { destroyedBy, type RestoreDiff } from './diff.ts';

/** The whole HSM, or one key with all its versions. */
export type RestoreScope = 'full' | Readonly<{ key: string }>;

/** Which backup: this one; the newest proven at or before an instant; the newest proven that holds a version of a key. */
export type BackupSelector = Readonly<{ folder: string } | { at: string } | { key: string; version: string }>;

/** Where the backup is read: where the HSM wrote it, or the second, immutable copy. */
export type RestoreFrom = 'backups' | 'immutableCopy';

/** What is asked for. `target` may be another HSM than the one that was backed up. */
export type RestoreRequest = Readonly<{
  source: string;
  target: string;
  selector: BackupSelector;
  scope: RestoreScope;
  from?: RestoreFrom | undefined;
}>;

/** One thing that was looked at before anybody is asked. `failed`: the plan cannot be carried out. */
export type Preflight = Readonly<{ name: string; status: 'ok' | 'warning' | 'failed'; message: string; hint?: string }>;

/** Somebody with a verified token. */
export type Person = Readonly<{ oid: string; name: string }>;

/** What a restore would do, found out without doing any of it. */
export type RestoreFindings = Readonly<{
  source: string;
  target: string;
  /** Absent: where the HSM wrote it. */
  from?: RestoreFrom | undefined;
  /** Address of the container that the backup lies in. */
  container: string;
  folder: string;
  takenAt: string;
  proof: ProofLevel;
  /** SHA-256 of the manifest; null when the backup has none. */
  manifestSha256: string | null;
  scope: RestoreScope;
  diff: RestoreDiff;
  /** Items whose state in the backup is not known, because they changed while it was taken. */
  uncertain: readonly string[];
  preflights: readonly Preflight[];
}>;

/** `plans/<id>.json`: what is approved, by its hash. Its one execution is the run of the same id. Times are ISO 8601 UTC. */
export type RestorePlan = RestoreFindings &
  Readonly<{
    schema: 'hsmkeep.restore-plan/1';
    id: string;
    hash: string;
    requestedBy: Person;
    plannedAt: string;
    /** Of a restore from the immutable copy: the container that it is copied to, for the HSM to read. */
    landing?: string;
    expiresAt: string;
  }>;

/** How long a plan can be approved and begun: what it was made from ages. */
export const PLAN_VALID_MS = 4 * 3_600_000;

/**
 * What an approval stands for: whoever approves has seen from where, to where, which bytes, how much of it, and what is lost.
 *
 * @returns Canonical JSON, to be hashed.
 */
export const hashedText = ({ source, target, from, folder, manifestSha256, scope, diff }: RestoreFindings): string =>
  canonicalJson({
    source,
    target,
    ...(from === 'immutableCopy' && { from }),
    folder,
    manifestSha256,
    scope,
    destroyed: destroyedBy(diff),
  });

/** Whether this can be the id of a plan; no other text leads to a path in storage. */
export const isPlanId = (id: string): boolean => parseRunId(id)?.kind === 'restore';

/** What keeps a plan from being carried out. */
export const blockers = ({ preflights }: Pick<RestoreFindings, 'preflights'>): Preflight[] =>
  preflights.filter(({ status }) => status === 'failed');

/** The documents of a plan in the app's container, by its id. */
export const planPath = (id: string): string => `plans/${id}.json`;
export const decisionPath = (id: string): string => `approvals/${id}.json`;
/** What the target held right before the restore. */
export const beforePath = (id: string): string => `plans/${id}.before.json`;
/** Whether the restore's start request was sent. */
export const attemptPath = (id: string): string => `plans/${id}.attempt.json`;
/** How the target compares with the backup afterwards. */
export const outcomePath = (id: string): string => `plans/${id}.outcome.json`;

/** That a plan was carried out without an approval, by whom and why. */
export const breakGlassPath = (id: string): string => `plans/${id}.break-glass.json`;

/** `the whole HSM`, `key payments`. */
export const scopeInWords = (scope: RestoreScope): string => (scope === 'full' ? 'the whole HSM' : `key ${scope.key}`);
