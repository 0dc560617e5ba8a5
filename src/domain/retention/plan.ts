import { type Approval, applyBrake, type BrakeInput, type Hash } from './brake.ts';
import { canonicalJson } from './canonical-json.ts';
import { type Decision, decide, decideByRules } from './decide.ts';
import { firstRefusal, type ListingFacts, type Refusal } from './guards.ts';
import type { RetentionPolicy } from './policy.ts';
import { type DatedBackup, isCandidate, isMarked, newestFirst, type RetainedBackup } from './retained-backup.ts';

/** The same for a preview and for a real run. */
export type RetentionPlan = Readonly<{
  /** Newest first, every backup once. */
  decisions: readonly Decision[];
  /** Why nothing may be deleted; then every `keep` is true. */
  refused: Refusal | null;
  /** When it was made, ISO 8601. */
  now: string;
  timeZone: string;
  policyHash: string;
}>;

export type PlanInput = Readonly<{
  policy: RetentionPolicy;
  /** In any order; left unchanged. */
  backups: readonly RetainedBackup[];
  /** ISO 8601 with an offset. */
  now: string;
  /** Absent: the backups come from a file, and there is no storage to disagree with. */
  listing?: ListingFacts;
  approval?: Approval;
  hash: Hash;
}>;

const NO_STORAGE: ListingFacts = { complete: true, malformed: [], disagreeing: [], unreliable: [], clockSkewMs: 0 };

/**
 * Decides which backups of one HSM to keep and which to forget. Only proven backups take part in the rules. Whatever puts the list in
 * doubt, and forgetting more than the brake allows, stops all deletion.
 *
 * @throws {RangeError} for a time zone or duration that is none; the configuration has checked them.
 */
export function planRetention({ policy, backups, now, listing = NO_STORAGE, approval, hash }: PlanInput): RetentionPlan {
  const nowMs = Date.parse(now);
  const dated = newestFirst(backups);
  const about = { now, timeZone: policy.timeZone, policyHash: policyHashOf(policy, hash) };

  const doubt = firstRefusal({ policy, given: backups, backups: dated, listing, nowMs });
  if (doubt) {
    const undecided = dated.map(({ backup: { id } }): Decision => ({ id, keep: true, reasons: [] }));
    return { ...about, decisions: undecided.map((decision) => saved(decision, doubt)), refused: doubt };
  }

  const decisions = decide(policy, dated, nowMs);
  const brake = applyBrake({ policy, ...aboutToForget(policy, dated, decisions), approval, hash });
  if (!brake) return { ...about, decisions, refused: null };
  return { ...about, decisions: decisions.map((decision) => (decision.keep ? decision : saved(decision, brake))), refused: brake };
}

/** What a policy is known by: another one has another hash. */
export const policyHashOf = (policy: RetentionPolicy, hash: Hash): string => hash(canonicalJson(policy));

/**
 * What the rules alone say, as restic does: no proof, floor, guards or brake. For looking, never for deleting. A held backup is kept
 * beside the rules.
 *
 * @param now ISO 8601 with an offset.
 * @returns Newest first.
 * @throws {RangeError} for a time zone, duration or time that is none.
 */
export const planByRules = (
  policy: Pick<RetentionPolicy, 'rules' | 'timeZone'>,
  backups: readonly RetainedBackup[],
  now: string,
): Decision[] => decideByRules(policy, newestFirst(backups), Date.parse(now));

const saved = ({ id, reasons }: Decision, { guard }: Refusal): Decision => ({ id, keep: true, reasons: [...reasons, `refused: ${guard}`] });

/** What the brake looks at: marked backups have passed it already, and no longer count. Decisions are in the order of the backups. */
function aboutToForget(
  { protection }: RetentionPolicy,
  backups: readonly DatedBackup[],
  decisions: readonly Decision[],
): Pick<BrakeInput, 'forgotten' | 'candidates'> {
  const isForgotten = ({ backup }: DatedBackup, index: number): boolean => decisions[index]?.keep === false && !isMarked(backup);
  const isCountedOn = ({ backup }: DatedBackup): boolean => isCandidate(backup, protection.countsFrom) && !isMarked(backup);
  return {
    forgotten: backups.filter(isForgotten).map(({ backup }) => backup),
    candidates: backups.filter(isCountedOn).length,
  };
}
