import { DAY_MS } from './duration.ts';
import { firstChance, missedWindows } from './opening.ts';
import { type SecretView, viewSecrets } from './secret-view.ts';
import { type ListedEscrow, type ListedSecret, planSweep } from './sweep.ts';
import { type Management, parseManagement } from './tags.ts';
import { dueAt } from './times.ts';

/** A rotation, and the end of an old credential, have a day for their window, their jitter and their repetitions. */
const PATIENCE_MS = DAY_MS;

/** How the secrets of one vault stand, in numbers; and the names of those that somebody has to look at. */
export type SecretTotals = Readonly<{
  managed: number;
  unmanaged: number;
  /** Could have been rotated for more than a day since they were due, by their windows. */
  overdue: readonly string[];
  /** Their old credential could have ended more than a day ago, and may still be valid. */
  retireOverdue: readonly string[];
  gracePending: number;
  /** Values on their way: stored, and not published yet. */
  escrowOpen: number;
  /** Age of the oldest of them; 0 where there is none. */
  escrowOldestSeconds: number;
  /** The most windows that one secret has missed: open and closed again, and what was to be done is not done. */
  windowsMissed: number;
  /** By provider, how old the oldest value is, as a share of its interval and the wait for its window: above 1 it is late. */
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
  const managements = managementsOf(secrets);
  const views = viewSecrets(vault, secrets, escrow, now);
  const managed = views.filter(({ state }) => state !== 'unmanaged');
  const open = escrow.filter(({ closed, state }) => !closed && state !== 'published' && state !== 'dead');
  const items = planSweep(vault.name, secrets, escrow, now, null);

  /** For how long a sweep could have done what was to be done at an instant. */
  const waitOf = (name: string, at: string): number => {
    const opening = managements.get(name);
    return since(opening && since(at) > 0 ? firstChance(opening, at) : at);
  };
  return {
    managed: managed.length,
    unmanaged: views.length - managed.length,
    overdue: namesOf(managed, ({ name, dueAt }) => dueAt !== null && waitOf(name, dueAt) > PATIENCE_MS),
    retireOverdue: namesOf(
      managed,
      ({ name, state, graceUntil }) => state === 'retiring' && graceUntil !== null && waitOf(name, graceUntil) > PATIENCE_MS,
    ),
    gracePending: managed.filter(({ state, graceUntil }) => state === 'in-grace' && graceUntil !== null).length,
    escrowOpen: open.length,
    escrowOldestSeconds: largest(open.map(({ createdAt }) => since(createdAt))) / 1000,
    windowsMissed: largest(managed.map((view) => missedBy(view, managements.get(view.name), now))),
    ageRatios: ageRatios(managements.values(), since),
    queued: items.length,
    oldestWaitSeconds: largest(items.map(({ name, deadlineAt }) => waitOf(name, deadlineAt))) / 1000,
  };
}

type Managed = Management & Readonly<{ name: string; createdAt: string; expiresAt: string | null }>;

/** By name. */
const managementsOf = (secrets: readonly ListedSecret[]): Map<string, Managed> =>
  new Map(
    secrets.flatMap(({ name, createdAt, expiresAt, tags }): [string, Managed][] => {
      const parsed = parseManagement(tags);
      return parsed.status === 'unmanaged' ? [] : [[name, { ...parsed.management, name, createdAt, expiresAt }]];
    }),
  );

const namesOf = (views: readonly SecretView[], which: (view: SecretView) => boolean): string[] =>
  views.filter(which).map(({ name }) => name);

/** None is 0. */
const largest = (numbers: readonly number[]): number => numbers.reduce((most, number) => Math.max(most, number), 0);

function missedBy({ state, dueAt, graceUntil }: SecretView, managed: Managed | undefined, now: string): number {
  const from = state === 'retiring' ? graceUntil : dueAt;
  const window = managed?.policy.window;
  return window && from !== null ? missedWindows(window, from, now) : 0;
}

function ageRatios(managed: Iterable<Managed>, since: (at: string) => number): SecretTotals['ageRatios'] {
  const ratios: Record<string, number> = {};
  for (const one of managed) {
    const { name, provider, policy, createdAt } = one;
    const chance = policy.window && since(createdAt) > policy.everyMs ? firstChance(one, dueAt(name, createdAt, policy)) : createdAt;
    const intervalMs = Math.max(policy.everyMs, Date.parse(chance) - Date.parse(createdAt));
    ratios[provider] = Math.max(ratios[provider] ?? 0, since(createdAt) / intervalMs);
  }
  return ratios;
}
