import { DAY_MS, HOUR_MS } from './duration.ts';
import type { EscrowEntry } from './escrow.ts';
import { type CurrentVersion, isFrom } from './plan.ts';
import type { Strategy } from './policy.ts';

/** Whether the target accepts a credential now. `unknown` is a legal answer: a target that is down refuses nobody. */
export type Liveness = 'live' | 'not-live' | 'unknown';

/** What was found out, in this order; `older` is asked only when both others are not live. */
export type Findings = Readonly<{
  current: CurrentVersion;
  escrow: EscrowEntry | null;
  strategy: Strategy;
  published: Liveness;
  candidate: Liveness;
  /**
   * Version of the secret that works, of those before the current one; null: none that could be asked does; `unknown`: none is known to, and
   * the target's word on one was not clear.
   */
  older: Readonly<{ version: string }> | 'unknown' | null;
  /** The target can show what it holds in the place of what is published, and is known to be the right one. */
  readable?: boolean;
}>;

/** What to do about a change that somebody else made. */
export type Reconciliation = Readonly<
  /** What is published works: it stays, and its interval begins anew. `drop`: take our unpublished value off the target again. */
  | { action: 'adopt'; drop: boolean }
  /** What is published does not work and ours does: publish ours. */
  | { action: 'publish-candidate' }
  /** Neither does, and the target shows what it takes instead: a change that was sent long ago has landed. Publish that. */
  | { action: 'publish-held' }
  /** An earlier version works: publish its value again, as a new version. */
  | { action: 'publish-older'; version: string }
  /** Not all could be asked: nothing may be concluded. */
  | { action: 'wait' }
  /** Nothing that is stored works. Nothing is overwritten. */
  | { action: 'park' }
>;

/**
 * Decides between what somebody else wrote and what hsmkeep had begun: what works wins, and what is published and works wins first.
 */
export function reconcile({ current, escrow, strategy, published, candidate, older, readable }: Findings): Reconciliation {
  if (published === 'live') return { action: 'adopt', drop: mayDrop(current, escrow, strategy) };
  if (published === 'unknown' || candidate === 'unknown') return { action: 'wait' };
  if (candidate === 'live') return { action: 'publish-candidate' };
  if (readable) return { action: 'publish-held' };
  if (older === 'unknown') return { action: 'wait' };
  return older ? { action: 'publish-older', version: older.version } : { action: 'park' };
}

/** On a target with one password, taking ours off could take the only one off. A published value may be in use, and stays. */
const mayDrop = (current: CurrentVersion, escrow: EscrowEntry | null, strategy: Strategy): boolean =>
  escrow !== null && !isFrom(escrow, current) && (escrow.state === 'open' || escrow.state === 'applied') && strategy !== 'single';

/**
 * Earlier versions in the order in which a look tries them: the newest first, and then from whichever this time begins with. The sweep looks
 * again, at first after hours and then daily, and so tries others each time; nothing is remembered for it.
 *
 * @param found Newest first.
 * @param since When the current version was made, ISO 8601 UTC, as `now`.
 */
export function inTurn<T>(found: readonly T[], since: string, now: string): T[] {
  const others = found.slice(1);
  const ageMs = Date.parse(now) - Date.parse(since);
  const turn = Math.floor(ageMs / (ageMs < DAY_MS ? HOUR_MS : DAY_MS)) % Math.max(1, others.length);
  return [...found.slice(0, 1), ...others.slice(turn), ...others.slice(0, turn)];
}
