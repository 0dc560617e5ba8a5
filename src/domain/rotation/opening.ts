import { nextPlanned } from '../schedule.ts';
import { later } from './duration.ts';
import type { RotationPolicy } from './policy.ts';
import { LOOK_MS } from './times.ts';
import type { MaintenanceWindow } from './window.ts';

/** What opens a secret to work: its window, and the nearness of its expiry where that window is soft. */
export type Opening = Readonly<{ policy: Pick<RotationPolicy, 'window' | 'everyMs'>; expiresAt: string | null }>;

/**
 * Since when work that is to be done since `since` could have been begun, by what is open now; null: it waits for its window.
 *
 * @param now ISO 8601 UTC, as every instant here.
 */
export function openSince({ policy, expiresAt }: Opening, since: string, now: string): string | null {
  const { window } = policy;
  if (!window) return since;
  const opened = openedAt(window, now);
  if (opened !== undefined) return latest(opened, since);
  const softly = opensSoftly(window, policy.everyMs, expiresAt);
  return softly !== null && softly < now ? latest(softly, since) : null;
}

/** Whether work may begin. */
export const isOpen = (opening: Opening, now: string): boolean => openSince(opening, now, now) !== null;

/** The first chance of a sweep to begin work, from an instant on. */
export function firstChance({ policy, expiresAt }: Opening, from: string): string {
  const { window } = policy;
  if (!window) return from;
  const opened = openedAt(window, from);
  // What is open for less than a look may close before it.
  const isStillOpen = opened !== undefined && later(from, LOOK_MS) <= later(opened, window.lengthMs);
  const opens = isStillOpen ? from : nextOpening(window, from);
  const softly = opensSoftly(window, policy.everyMs, expiresAt);
  return softly !== null && latest(softly, from) < opens ? latest(softly, from) : opens;
}

/** So many are counted: nobody needs to know more exactly. */
const MOST_MISSED = 100;

/** How many windows have opened and closed again since work was to be done. */
export function missedWindows(window: MaintenanceWindow, since: string, now: string): number {
  let opened = nextOpening(window, since);
  let missed = 0;
  while (later(opened, window.lengthMs) <= now && missed < MOST_MISSED) {
    missed++;
    opened = nextOpening(window, opened);
  }
  return missed;
}

/** When the window opened that is open now; undefined when none is. */
function openedAt(window: MaintenanceWindow, now: string): string | undefined {
  const opened = nextOpening(window, later(now, -window.lengthMs));
  return opened <= now ? opened : undefined;
}

/** A vault of thousands of secrets has few windows, and looks at all of them in one instant. */
const known = new Map<string, string>();
const MOST_KNOWN = 1_000;
const NEVER = '9999-01-01T00:00:00.000Z';

/** The first opening after an instant. */
function nextOpening(window: MaintenanceWindow, after: string): string {
  const key = `${window.pattern} ${window.timeZone} ${after}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= MOST_KNOWN) known.clear();
  const opens = nextPlanned(window, after) ?? NEVER;
  known.set(key, opens);
  return opens;
}

/** From when on the expiry is too near to wait for a soft window: a tenth of the interval before it. */
const opensSoftly = ({ soft }: MaintenanceWindow, everyMs: number, expiresAt: string | null): string | null =>
  soft && expiresAt !== null ? later(expiresAt, -everyMs / 10) : null;

const latest = (a: string, b: string): string => (a > b ? a : b);
