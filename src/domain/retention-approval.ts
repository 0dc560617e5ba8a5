import type { Guard } from './retention/guards.ts';
import type { Problem } from './views.ts';

/**
 * `approvals/retention-<hsm>.json`: a person's consent to what the brake stopped. It covers exactly these backups, under exactly the policy
 * that the hash was made with, once and for a while. The latest one counts.
 */
export type RetentionApproval = Readonly<{
  schema: 'hsmkeep.retention-approval/1';
  hsm: string;
  planHash: string;
  /** What may be deleted, newest first. */
  ids: readonly string[];
  by: Readonly<{ oid: string; name: string }>;
  /** ISO 8601 UTC. */
  at: string;
  expiresAt: string;
  note: string | null;
  /** The run that used it up; null until then. */
  usedBy: string | null;
}>;

export const retentionApprovalPath = (hsm: string): string => `approvals/retention-${hsm}.json`;

/** So long an approval is good: a weekly schedule still finds it. */
export const APPROVAL_DAYS = 8;

const DAY_MS = 86_400_000;

export const approvalExpiresAt = (at: string): string => new Date(Date.parse(at) + APPROVAL_DAYS * DAY_MS).toISOString();

/** Whether an approval still stands for something. A time that cannot be read has passed. */
export const isInForce = ({ usedBy, expiresAt }: RetentionApproval, now: string): boolean =>
  usedBy === null && Date.parse(now) <= Date.parse(expiresAt);

/** Why a plan cannot be approved. `status` is the HTTP status that says so. */
export type ApprovalObjection = Problem & Readonly<{ status: 403 | 409 }>;

/** Holds a request to approve against the plan as it is now. @returns undefined when it counts. */
export function objectionToApproval(
  hsm: string,
  refused: (Problem & Readonly<{ guard: Guard; planHash?: string | undefined }>) | null,
  planHash: string,
  appOnly: boolean,
): ApprovalObjection | undefined {
  const look = `See what the plan is now: hsmkeep retention preview ${hsm}`;
  if (appOnly)
    return {
      status: 403,
      message: 'An app cannot approve deletions; this token has no person behind it.',
      hint: 'Sign in as a person: `az login`.',
    };
  if (refused?.guard !== 'brake')
    return { status: 409, message: `Nothing waits for an approval${refused ? `: ${refused.message}` : '.'}`, hint: refused?.hint ?? look };
  if (refused.planHash !== planHash)
    return { status: 409, message: `The plan is another one by now: its hash is ${refused.planHash}.`, hint: look };
  return undefined;
}

/** How to go on where the brake has stopped a plan. */
export const approveHint = (hsm: string, planHash: string): string =>
  `See what would go: hsmkeep retention preview ${hsm}. If the policy is meant to do that, an administrator approves exactly this plan within ${APPROVAL_DAYS} days: hsmkeep retention approve ${hsm} --hash ${planHash}; otherwise mend the policy.`;
