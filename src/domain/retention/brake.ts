import { canonicalJson } from './canonical-json.ts';
import type { Refusal } from './guards.ts';
import { counted } from './phrases.ts';
import type { RetentionPolicy } from './policy.ts';
import { isCandidate, type RetainedBackup } from './retained-backup.ts';

/** A digest of a text, such as SHA-256 in hexadecimal. */
export type Hash = (text: string) => string;

/**
 * A person's consent to what the brake stopped: the hash and the ids of that refusal. It covers exactly those backups, and only under the
 * policy that the hash was made with; that some of them are kept after all, or gone, does no harm.
 */
export type Approval = Readonly<{ planHash: string; ids: readonly string[] }>;

/** What a plan is about to forget that is not marked yet. Marked ones passed the brake when they were marked. */
export type BrakeInput = Readonly<{
  policy: RetentionPolicy;
  /** Newest first: candidates, and failed ones past their days. */
  forgotten: readonly RetainedBackup[];
  /** How many unmarked candidates there are in all, kept or forgotten. */
  candidates: number;
  approval?: Approval;
  hash: Hash;
}>;

/** Stops a plan that would forget more at once than the policy allows, unless a person has approved it. */
export function applyBrake({ policy, forgotten, candidates, approval, hash }: BrakeInput): Refusal | undefined {
  const { countsFrom, maxDeletesPerRun, maxDeleteShare } = policy.protection;
  const approved = approvedIds(policy, approval, hash);
  const unapproved = approved.size === 0 ? forgotten : forgotten.filter(({ id }) => !approved.has(id));
  const countedOn = unapproved.filter((backup) => isCandidate(backup, countsFrom));
  if (unapproved.length <= maxDeletesPerRun && countedOn.length <= maxDeleteShare * candidates) return undefined;

  const ids = forgotten.map(({ id }) => id);
  return {
    guard: 'brake',
    message: `The plan would delete ${counted(ids.length, 'backup')} at once; allowed are ${maxDeletesPerRun}, and ${percent(maxDeleteShare)} of the ${candidates} that are counted on.`,
    hint: 'If this is what the policy is meant to do, an administrator approves the hash of this plan; otherwise mend the policy.',
    ids,
    planHash: planHash(policy, ids, hash),
  };
}

/**
 * The hash that an approval names.
 *
 * @param ids What would be deleted, newest first.
 */
export const planHash = (policy: RetentionPolicy, ids: readonly string[], hash: Hash): string =>
  hash(canonicalJson({ schema: 'hsmkeep.retention-plan/1', policy, forget: ids }));

function approvedIds(policy: RetentionPolicy, approval: Approval | undefined, hash: Hash): ReadonlySet<string> {
  const holds = approval !== undefined && planHash(policy, approval.ids, hash) === approval.planHash;
  return new Set(holds ? approval.ids : []);
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
