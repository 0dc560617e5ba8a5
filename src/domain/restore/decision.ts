import type { Problem } from '../views.ts';
import { blockers, type Person, type RestorePlan } from './plan.ts';

/** Whoever decides on a plan, as the verified token said. */
export type Decider = Person & Readonly<{ roles: readonly string[]; appOnly: boolean }>;

/** `approvals/<plan>.json`: what a second person said to a plan. The first word stands. */
export type RestoreDecision = Readonly<{
  schema: 'hsmkeep.approval/1';
  /** Id of the plan, and of this approval: there is one for each. */
  plan: string;
  hash: string;
  verdict: 'approved' | 'rejected';
  by: Decider;
  /** ISO 8601 UTC. */
  at: string;
  note: string | null;
}>;

/** Why a decision does not count. `status` is the HTTP status that says so. */
export type Objection = Problem & Readonly<{ status: 403 | 409 | 410 }>;

const APPROVER = 'restore.approver';

/**
 * Holds a decision against its plan: the same hash, a person, another one than asked, with the role, in time.
 * Asked twice: when somebody decides, and of what is stored before anything is done.
 *
 * @param plan As stored, its hash verified.
 * @returns undefined when it counts.
 */
export function objectionTo(plan: RestorePlan, decision: Omit<RestoreDecision, 'schema' | 'plan' | 'note'>): Objection | undefined {
  const { hash, by, at, verdict } = decision;
  if (by.appOnly)
    return objection(403, 'An app cannot decide on a restore; this token has no person behind it.', 'Sign in as a person: `az login`.');
  if (!by.roles.includes(APPROVER))
    return objection(
      403,
      `${by.name} may not decide on restores.`,
      `An administrator of the app registration assigns the role ${APPROVER}.`,
    );
  if (by.oid === plan.requestedBy.oid)
    return objection(403, `${by.name} asked for this restore and cannot approve it as well.`, 'Another person decides on it.');
  if (hash !== plan.hash)
    return objection(409, 'The hash is not that of the plan.', `See what the plan says now: hsmkeep restore show ${plan.id}`);
  if (at > plan.expiresAt) return expired(plan);
  return verdict === 'approved' ? blocked(plan) : undefined;
}

/** A plan that can no longer be carried out. */
export const expired = ({ expiresAt, source }: Pick<RestorePlan, 'expiresAt' | 'source'>): Objection =>
  objection(410, `The plan expired at ${expiresAt}.`, `Plan anew: hsmkeep restore plan ${source}`);

/** A plan that could never be carried out. */
export function blocked(plan: RestorePlan): Objection | undefined {
  const [first] = blockers(plan);
  return first && objection(409, `The plan cannot be carried out: ${first.message}`, first.hint ?? 'Mend that, then plan anew.');
}

const objection = (status: Objection['status'], message: string, hint: string): Objection => ({ status, message, hint });
