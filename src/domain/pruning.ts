import { copyRemovableAt } from './copies.ts';
import { isFolderOf, takenAtOf } from './folder.ts';
import { type BackupRecord, type CopyState, markedAt, proofOf } from './record.ts';
import type { Hash } from './retention/brake.ts';
import { forecast, type Recoverable, recoverable } from './retention/forecast.ts';
import type { Guard, ListingFacts } from './retention/guards.ts';
import { disagreements, sortPrefixes } from './retention/listing.ts';
import { decideMarks, type PruneMode } from './retention/marks.ts';
import { type PlanInput, planRetention, type RetentionPlan } from './retention/plan.ts';
import type { Protection, RetentionPolicy, RetentionRules } from './retention/policy.ts';
import type { RetainedBackup } from './retention/retained-backup.ts';
import { approveHint, type RetentionApproval } from './retention-approval.ts';
import type { Problem } from './views.ts';

/** What storage holds of one HSM, read to the end. */
export type RetentionState = Readonly<{
  /** The container's first path segments that begin with `mhsm-`. */
  prefixes: readonly string[];
  /** The records beside the backups, each under the folder that its own name tells. */
  records: readonly Readonly<{ folder: string; record: BackupRecord }>[];
  /** The folders whose records cannot be relied on. */
  unreliable: readonly string[];
  /** Of the backups that are left when all else goes (`lastStanding`), those of which storage holds less, or more, than was recorded. */
  changed: readonly string[];
  /** Storage's clock less ours, ms; null when it could not be read. */
  clockSkewMs: number | null;
}>;

/** What to do with the backups of one HSM, and why: the same document for a preview and for a run. Times are ISO 8601 UTC. */
export type PruningPlan = RetentionPlan &
  Readonly<{
    schema: 'hsmkeep.pruning-plan/1';
    hsm: string;
    /** `observe`: the lists below are what `delete` would do. */
    mode: PruneMode;
    /** Folders in the container that are nobody's here. */
    other: number;
    mark: readonly Readonly<{ folder: string; reason: string }>[];
    /** Marked, and kept again. */
    lift: readonly string[];
    /** Marked, and not yet long enough. */
    waiting: readonly Readonly<{ folder: string; deletableAt: string }>[];
    prune: readonly MarkedBackup[];
    /** Given up by an earlier run that could not remove everything. */
    finish: readonly string[];
    /** Refused for too few backups, and yet nothing to worry about: there is nothing that the policy would forget. */
    young: boolean;
    /** Second copies of pruned backups that are to be deleted now, and those whose time has not come. */
    copies: Readonly<{ due: readonly string[]; waiting: readonly Readonly<{ folder: string; removableAt: string }>[] }>;
    /** When each backup would go at the earliest, one new backup a day assumed: ISO 8601 UTC; null: no end is in sight. */
    goesAt: Readonly<Record<string, string | null>>;
    /** How long a key that is destroyed now stays recoverable at least; null: no proven backup holds any. */
    recoverable: Recoverable | null;
    /** An administrator's consent that is in force; the next run that is not refused, and does more than observe, uses it up. */
    approval: Readonly<{ by: string; planHash: string; expiresAt: string }> | null;
  }>;

/** A backup to delete, under the mark that it was judged by; `markedAt` null when it was given up before. */
export type MarkedBackup = Readonly<{ folder: string; markedAt: string | null }>;

export type PruningInput = Readonly<{
  hsm: string;
  /** Every HSM of the configuration. */
  configured: readonly string[];
  state: RetentionState;
  policy: RetentionPolicy;
  mode: PruneMode;
  now: string;
  /** The backup of this night; without its record nothing is deleted. */
  night?: string;
  /** Where second copies are, and for how many days they are kept at least; absent where none are made. */
  copies?: Readonly<{ container: string; days: number }>;
  /** In force. */
  approval?: RetentionApproval;
  hash: Hash;
}>;

/** Decides what pruning does to the backups of one HSM. A plan that is refused changes nothing. */
export function planPruning({ hsm, configured, state, policy, mode, now, night, copies, approval, hash }: PruningInput): PruningPlan {
  const { folders, malformed, other } = sortPrefixes(hsm, configured, state.prefixes);
  const gone = state.records.filter(({ record }) => record.gone);
  const backups = retainedBackups(folders, state, new Set(gone.map(({ folder }) => folder)));
  const listing: ListingFacts = {
    complete: true,
    malformed,
    disagreeing: disagreeing(hsm, folders, state, night),
    unreliable: state.unreliable,
    clockSkewMs: state.clockSkewMs,
  };

  const input: PlanInput = { policy, backups, now, listing, ...(approval && { approval }), hash };
  const plan = withApproveHint(hsm, planRetention(input));
  const changes = decideMarks(plan, backups, mode === 'observe' ? 'delete' : mode, policy.protection.undoDays);
  const reasons = new Map(plan.decisions.map(({ id, reasons }) => [id, reasons.join(', ')]));
  const marks = new Map(backups.map(({ id, markedAt }) => [id, markedAt]));
  const foreseen = forecast(policy, backups, plan.decisions, now);
  const deletes = !plan.refused && mode !== 'mark';
  return {
    schema: 'hsmkeep.pruning-plan/1',
    hsm,
    mode,
    ...plan,
    other,
    young: plan.refused?.guard === 'floor' && !wouldForget(input),
    mark: changes.mark.map((folder) => ({ folder, reason: reasons.get(folder) as string })),
    lift: changes.lift,
    waiting: changes.waiting.map(({ id, deletableAt }) => ({ folder: id, deletableAt })),
    prune: changes.prune.map((folder) => ({ folder, markedAt: marks.get(folder) as string })),
    finish: deletes ? gone.filter(({ record }) => !isOnlyCopy(record, copies?.container)).map(({ folder }) => folder) : [],
    copies: deletes ? remainingCopies(gone, copies, now) : { due: [], waiting: [] },
    goesAt: Object.fromEntries(foreseen),
    recoverable: recoverable(policy, backups, foreseen),
    approval: approval ? { by: approval.by.name, planHash: approval.planHash, expiresAt: approval.expiresAt } : null,
  };
}

/** Whether a policy would forget anything if it had no floor. */
function wouldForget(input: PlanInput): boolean {
  const policy = { ...input.policy, protection: { ...input.policy.protection, floor: 0 } };
  const { decisions, refused } = planRetention({ ...input, policy });
  return refused !== null || decisions.some(({ keep }) => !keep);
}

/** Whether all that is left of a backup that was given up is its second copy, in this container. */
export const isOnlyCopy = ({ gone, copy }: BackupRecord, container: string | undefined): boolean =>
  gone?.removedAt !== undefined && isCopyIn(copy, container);

/** Whether a second copy, or a part of one, is in this container. */
export const isCopyIn = (copy: CopyState | undefined, container: string | undefined): copy is CopyState =>
  copy !== undefined && copy.container === container;

/** The copies that outlive their backups, oldest first. */
function remainingCopies(gone: RetentionState['records'], copies: PruningInput['copies'], now: string): PruningPlan['copies'] {
  const left = gone
    .flatMap(({ folder, record }) =>
      copies && record.copy && isOnlyCopy(record, copies.container)
        ? [{ folder, removableAt: copyRemovableAt(record.copy, copies.days) }]
        : [],
    )
    .sort((a, b) => (a.folder < b.folder ? -1 : 1));
  const isDue = ({ removableAt }: { removableAt: string }): boolean => Date.parse(removableAt) <= Date.parse(now);
  return { due: left.filter(isDue).map(({ folder }) => folder), waiting: left.filter((copy) => !isDue(copy)) };
}

/** What the brake stopped can go on; the words say how. */
function withApproveHint(hsm: string, plan: RetentionPlan): RetentionPlan {
  const { refused } = plan;
  return refused?.planHash === undefined ? plan : { ...plan, refused: { ...refused, hint: approveHint(hsm, refused.planHash) } };
}

/**
 * The policy of an HSM as it is configured, but for lists of tags that ask for any: the backups of an HSM carry none, so a policy of such lists
 * alone is an empty one, and has to be refused as that.
 */
export function policyOf(
  { retention: { keepTags, ...rules }, protect }: Readonly<{ retention: RetentionRules; protect: Protection }>,
  timeZone: string,
): RetentionPolicy {
  const untagged = (keepTags ?? []).filter((tags) => tags.every((tag) => tag === ''));
  return { rules: { ...rules, ...(untagged.length > 0 && { keepTags: untagged }) }, timeZone, protection: protect };
}

/** Whether a hold still pins a record's backup. One whose time cannot be read goes on. */
export const isHeld = ({ holds }: Pick<BackupRecord, 'holds'>, now: string): boolean =>
  holds.some(({ until }) => !(Date.parse(until) <= Date.parse(now)));

/** Whether a refusal tells of disorder in the container or of a clock; the others are what any young or changed policy meets. */
export const isDisorder = (guard: Guard): boolean =>
  guard !== 'floor' && guard !== 'brake' && guard !== 'newest-unproven' && guard !== 'empty-policy';

/** No run deletes more backups and copies than this, so that its history stays bounded; the next one goes on. */
export const MOST_PRUNED_IN_A_RUN = 12;

/** What a run needs to know of its plan, the plan itself being staged. */
export type PruningSummary = Readonly<{
  mode: PruneMode;
  /** What it was made for: the time, ISO 8601 UTC, and the policy. */
  now: string;
  policyHash: string;
  backups: number;
  refused: (Problem & Readonly<{ guard: Guard }>) | null;
  young: boolean;
  mark: number;
  lift: number;
  waiting: number;
  /** When the next of those that wait may be deleted. */
  nextDeletableAt: string | null;
  /** How many are to be deleted in all, and those whose turn it is. */
  due: number;
  prune: readonly MarkedBackup[];
  /** The second copies whose turn it is. */
  copies: readonly string[];
  /** The approval that this run uses up, unless its plan was refused. */
  approval: Readonly<{ by: string; planHash: string }> | null;
}>;

export function summarisePruning({
  mode,
  now,
  policyHash,
  decisions,
  refused,
  young,
  mark,
  lift,
  waiting,
  prune,
  finish,
  copies,
  approval,
}: PruningPlan): PruningSummary {
  const due = [...prune, ...finish.map((folder): MarkedBackup => ({ folder, markedAt: null }))];
  return {
    mode,
    now,
    policyHash,
    backups: decisions.length,
    refused: refused && { guard: refused.guard, message: refused.message, hint: refused.hint },
    young,
    mark: mark.length,
    lift: lift.length,
    waiting: waiting.length,
    nextDeletableAt: waiting.map(({ deletableAt }) => deletableAt).sort()[0] ?? null,
    due: due.length,
    prune: due.slice(0, MOST_PRUNED_IN_A_RUN),
    copies: copies.due.slice(0, Math.max(0, MOST_PRUNED_IN_A_RUN - due.length)),
    approval: approval && { by: approval.by, planHash: approval.planHash },
  };
}

function retainedBackups(folders: readonly string[], { records }: RetentionState, gone: ReadonlySet<string>): RetainedBackup[] {
  const known = new Map(records.map(({ folder, record }) => [folder, record]));
  return folders
    .filter((folder) => !gone.has(folder))
    .map((folder): RetainedBackup => {
      const record = known.get(folder);
      if (!record) return { id: folder, takenAt: takenAtOf(folder), proof: 'L0', status: 'unrecorded' };
      const marked = markedAt(record);
      return {
        id: folder,
        takenAt: record.takenAt,
        proof: proofOf(record),
        status: record.status,
        holds: record.holds,
        ...(marked !== undefined && { markedAt: marked }),
      };
    });
}

/** Records that storage does not bear out, those of another folder or HSM than their place tells, and a night that nobody recorded. */
function disagreeing(hsm: string, folders: readonly string[], { records, changed }: RetentionState, night: string | undefined): string[] {
  const recorded = records.map(({ folder, record }) => ({ folder, takenAt: record.takenAt, gone: record.gone !== undefined }));
  const isOwn = (name: string): boolean => name.toLowerCase() === hsm.toLowerCase();
  const misplaced = records.filter(({ folder, record }) => record.folder !== folder || !isFolderOf(hsm, folder) || !isOwn(record.hsm));
  const unrecorded = night !== undefined && !records.some(({ folder }) => folder === night) ? [night] : [];
  return [...new Set([...disagreements(folders, recorded), ...misplaced.map(({ folder }) => folder), ...changed, ...unrecorded])];
}
