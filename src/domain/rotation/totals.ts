import { DAY_MS } from './duration.ts';
import { type SecretView, viewSecrets } from './secret-view.ts';
import { type ListedEscrow, type ListedSecret, planSweep } from './sweep.ts';
import { parseManagement } from './tags.ts';

/** A rotation, and the end of an old credential, have a day for their window, their jitter and their repetitions. */
const PATIENCE_MS = DAY_MS;

/** How the secrets of one vault stand, in numbers; and the names of those that somebody has to look at. */
export type SecretTotals = Readonly<{
  managed: number;
  unmanaged: number;
  /** Should have been rotated more than a day ago. */
  overdue: readonly string[];
  /** Their old credential should have ended more than a day ago, and may still be valid. */
  retireOverdue: readonly string[];
  gracePending: number;
  /** Values on their way: stored, and not published yet. */
  escrowOpen: number;
  /** Age of the oldest of them; 0 where there is none. */
  escrowOldestSeconds: number;
  /** By provider, how old the oldest value is, as a share of its interval: above 1 it is late. */
  ageRatios: Readonly<Record<string, number>>;
  /** What the sweep would do if nothing held it back. */
  queued: number;
  /** For how long the most late of it has been due. */
  oldestWaitSeconds: number;
}>;

/**
 * Sums up a vault from lists alone.
 *
 * @param now ISO 8601 UTC.
 */
export function sumUpSecrets(
  vault: Readonly<{ name: string; rotation: 'observe' | 'on' }>,
  secrets: readonly ListedSecret[],
  escrow: readonly ListedEscrow[],
  now: string,
): SecretTotals {
  const since = (at: string): number => Math.max(0, Date.parse(now) - Date.parse(at));
  const views = viewSecrets(vault, secrets, escrow, now);
  const managed = views.filter(({ state }) => state !== 'unmanaged');
  const open = escrow.filter(({ closed, state }) => !closed && state !== 'published' && state !== 'dead');
  const items = planSweep(vault.name, secrets, escrow, now, null);
  return {
    managed: managed.length,
    unmanaged: views.length - managed.length,
    overdue: namesOf(managed, ({ dueAt }) => dueAt !== null && since(dueAt) > PATIENCE_MS),
    retireOverdue: namesOf(
      managed,
      ({ state, graceUntil }) => state === 'retiring' && graceUntil !== null && since(graceUntil) > PATIENCE_MS,
    ),
    gracePending: managed.filter(({ state, graceUntil }) => state === 'in-grace' && graceUntil !== null).length,
    escrowOpen: open.length,
    escrowOldestSeconds: Math.max(0, ...open.map(({ createdAt }) => since(createdAt))) / 1000,
    ageRatios: ageRatios(secrets, since),
    queued: items.length,
    oldestWaitSeconds: Math.max(0, ...items.map(({ deadlineAt }) => since(deadlineAt))) / 1000,
  };
}

const namesOf = (views: readonly SecretView[], which: (view: SecretView) => boolean): string[] =>
  views.filter(which).map(({ name }) => name);

function ageRatios(secrets: readonly ListedSecret[], since: (at: string) => number): SecretTotals['ageRatios'] {
  const ratios: Record<string, number> = {};
  for (const { tags, createdAt } of secrets) {
    const parsed = parseManagement(tags);
    if (parsed.status === 'unmanaged') continue;
    const { provider, policy } = parsed.management;
    ratios[provider] = Math.max(ratios[provider] ?? 0, since(createdAt) / policy.everyMs);
  }
  return ratios;
}
