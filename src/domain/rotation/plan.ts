import type { Problem } from '../views.ts';
import { later } from './duration.ts';
import type { EscrowEntry, EscrowState } from './escrow.ts';
import { isUntagged } from './known.ts';
import { firstChance, isOpen } from './opening.ts';
import { deletedMeanwhile, secretDisabled, tagsGone, tooManyAttempts } from './problems.ts';
import { graceTag, type Management, type Tags } from './tags.ts';
import { dueAt, EARLY_EVENT_MS } from './times.ts';

/** The current version of a secret, without its value. Times are ISO 8601 UTC. */
export type CurrentVersion = Readonly<{ version: string; createdAt: string; expiresAt: string | null; tags: Tags }>;

/** Who wants a rotation: the hourly look, an event of the vault, or a person. */
export type RotationTrigger = 'sweep' | 'event' | 'request';

/** `compromise`: the old credential is known to others: no grace, no window, at once. */
export type RotationMode = 'normal' | 'compromise';

/** What is known of a secret when its next step is decided; all of it read from Key Vault, nothing from memory. */
export type RotationState = Readonly<{
  vault: string;
  name: string;
  /** `disabled`: the newest version cannot be read. */
  current: CurrentVersion | 'missing' | 'disabled';
  /** The newest entry that is not closed. */
  escrow: EscrowEntry | null;
  /** As the tags say, or those of the last version that had them; null: hsmkeep has nothing to do with this secret. */
  management: Management | null;
  /** The current version lacks the tags that an earlier one had: somebody wrote it past hsmkeep. */
  tagsLost: boolean;
  trigger: RotationTrigger;
  mode: RotationMode;
  /** The version that the trigger wants to see replaced; null: whichever is current. */
  wanted: string | null;
}>;

/** Why there is nothing to do now. */
export type RestReason = 'unmanaged' | 'gone' | 'stale' | 'not-due' | 'in-grace' | 'still-used' | 'outside-window';

/** The next step of a rotation. */
export type RotationStep = Readonly<
  /** Make a value and store it in escrow, for this base; or, where the target makes values, store that it is about to be asked for one. */
  | { step: 'escrow'; base: string; attempt: number }
  /** Have the target make the value, and store that in escrow. */
  | { step: 'obtain' }
  /** Put the escrowed value onto the target and see that it is accepted. */
  | { step: 'apply' }
  /** Write it as the secret's new version. */
  | { step: 'publish' }
  /** See that what consumers read works. */
  | { step: 'confirm' }
  /** Take the old credential off the target, its grace being over, and close the entry. */
  | { step: 'retire' }
  /** Somebody else changed the secret: find out what works. */
  | { step: 'reconcile'; reason: 'foreign-version' | 'tags-lost' }
  /** Nothing now. `until` ISO 8601 UTC where it is known. */
  | { step: 'rest'; reason: RestReason; until: string | null }
  /** A person has to look. Nothing is thrown away. */
  | { step: 'park'; problem: Problem }
>;

/** More values than this that a target refuses are no bad luck. */
export const MOST_ATTEMPTS = 5;

/**
 * Decides the next step of a rotation from what is in Key Vault. Whoever asks again, after any crash, duplicate or loss, goes on where
 * things stand: an open entry is never given up for a new one, and no rotation starts within the grace of another (a compromise excepted).
 *
 * @param now ISO 8601 UTC.
 */
export function planRotation(state: RotationState, now: string): RotationStep {
  const { current, escrow, management } = state;
  if (current === 'missing')
    return isOnItsWay(escrow) ? { step: 'park', problem: deletedMeanwhile(state.vault, state.name) } : rest('gone');
  if (current === 'disabled') return { step: 'park', problem: secretDisabled(state.vault, state.name) };
  // The sweep takes up only what was managed; an event comes of any secret.
  if (!management && state.trigger === 'sweep' && isUntagged(current.tags))
    return { step: 'park', problem: tagsGone(state.vault, state.name) };
  if (!management) return rest('unmanaged');
  if (state.tagsLost) return { step: 'reconcile', reason: 'tags-lost' };

  const published = escrow !== null && isFrom(escrow, current);
  if (escrow && !published && escrow.state !== 'dead') {
    const goesOn = escrow.base === current.version && escrow.state !== 'published';
    if (!goesOn) return { step: 'reconcile', reason: 'foreign-version' };
    return { step: NEXT[escrow.state] };
  }
  if (published && escrow.state !== 'published' && escrow.state !== 'dead') return { step: 'confirm' };

  const graceUntil = graceEnd(current, published && escrow.state === 'published' ? (escrow.mode ?? management) : null);
  return graceUntil === null ? begin(state, current, management, now) : inGrace(state, current, management, graceUntil, now);
}

/** The target may have a value that is published nowhere, or was not seen to work since it is. */
export const isOnItsWay = (escrow: EscrowEntry | null): boolean =>
  escrow !== null && escrow.state !== 'published' && escrow.state !== 'dead';

/** Whether the credential that a rotation replaces has no grace: because that is wished now, or was when the rotation began. */
export const endsAtOnce = (mode: RotationMode, escrow: EscrowEntry | null): boolean =>
  mode === 'compromise' || escrow?.mode === 'compromise';

/** What follows each state of an entry whose value is not published. */
const NEXT = { intent: 'obtain', open: 'apply', applied: 'publish' } as const satisfies Partial<Record<EscrowState, string>>;

/** Until when an old credential that is still used is spared: for a second grace after the first. Null: it ends, whoever uses it. */
export function sparedUntil(current: CurrentVersion, management: Management, now: string): string | null {
  const { graceMs } = management.policy;
  const until = later(graceTag(current.tags) ?? later(current.createdAt, graceMs), graceMs);
  return now < until ? until : null;
}

/** Whether a version was published from this entry. */
export const isFrom = (escrow: EscrowEntry, current: CurrentVersion): boolean => current.tags['rot-id'] === escrow.rotationId;

/** When the old credential may be retired; null when there is none. A lost tag does not cut the grace short. */
function graceEnd(current: CurrentVersion, management: Management | 'compromise' | null): string | null {
  const tagged = graceTag(current.tags);
  if (tagged !== undefined) return tagged;
  return management && later(current.createdAt, management === 'compromise' ? 0 : management.policy.graceMs);
}

function inGrace(state: RotationState, current: CurrentVersion, management: Management, graceUntil: string, now: string): RotationStep {
  // A compromise waits for nothing; what the grace protects is what is to be taken away.
  if (state.mode === 'compromise' && !isStale(state, current)) return begin(state, current, management, now);
  if (hasLeaked(state, current)) return { step: 'retire' };
  if (now < graceUntil) return rest('in-grace', graceUntil);
  if (management.policy.retire === 'at-next' && state.mode === 'normal') return begin(state, current, management, now);
  return mayBegin(state, current, management, now) ? { step: 'retire' } : outsideWindow(current, management, now);
}

/** Whether what the current version replaced is known to others, as whoever asks says, or whoever asked for that rotation said. */
function hasLeaked({ escrow, mode, wanted }: RotationState, current: CurrentVersion): boolean {
  if (mode === 'compromise' && wanted !== null && wanted === current.tags['rot-base']) return true;
  return escrow?.mode === 'compromise' && isFrom(escrow, current);
}

/** Whether a new rotation may begin. */
function begin(state: RotationState, current: CurrentVersion, management: Management, now: string): RotationStep {
  if (isStale(state, current)) return rest('stale');
  const due = earliestStart(state, current, management);
  if (now < due && !hasExpired(current, now)) return rest('not-due', due);
  if (!mayBegin(state, current, management, now)) return outsideWindow(current, management, now);

  const { escrow } = state;
  const attempt = escrow?.state === 'dead' && escrow.base === current.version ? escrow.attempt + 1 : 1;
  if (attempt > MOST_ATTEMPTS) return { step: 'park', problem: tooManyAttempts(state.vault, state.name, MOST_ATTEMPTS) };
  return { step: 'escrow', base: current.version, attempt };
}

const isStale = ({ wanted }: RotationState, { version }: CurrentVersion): boolean => wanted !== null && wanted !== version;

function earliestStart({ trigger, name }: RotationState, { createdAt }: CurrentVersion, { policy }: Management): string {
  if (trigger === 'request') return createdAt;
  return later(dueAt(name, createdAt, policy), trigger === 'event' ? -EARLY_EVENT_MS : 0);
}

const hasExpired = ({ expiresAt }: CurrentVersion, now: string): boolean => expiresAt !== null && expiresAt <= now;

/** Inside the window, or with a reason not to mind it: a compromise, or a near expiry where the window is soft. */
const mayBegin = ({ mode }: RotationState, { expiresAt }: CurrentVersion, { policy }: Management, now: string): boolean =>
  mode === 'compromise' || isOpen({ policy, expiresAt }, now);

const outsideWindow = ({ expiresAt }: CurrentVersion, { policy }: Management, now: string): RotationStep =>
  rest('outside-window', firstChance({ policy, expiresAt }, now));

const rest = (reason: RestReason, until: string | null = null): RotationStep => ({ step: 'rest', reason, until });
