import { calendarOf } from './calendar.ts';
import type { Decision } from './decide.ts';
import type { RetentionPolicy } from './policy.ts';
import { isCandidate, isMarked, LATEST_MS, newestFirst, type RetainedBackup } from './retained-backup.ts';
import { applyRules, type DatedItem, type RuleVerdict, referenceOf } from './rules.ts';

/** When a backup would be deleted at the earliest, ISO 8601 UTC; null: no end is in sight. */
export type Forecast = ReadonlyMap<string, string | null>;

/**
 * How long a key that is destroyed now stays recoverable at least, ISO 8601 UTC: when all backups hold it, and when only the newest does. Null: no
 * end is in sight.
 */
export type Recoverable = Readonly<{ any: string | null; newest: string | null }>;

const DAY_MS = 24 * 3_600_000;
/** So far ahead it is looked: ten years of nights, or so many verdicts as take a fraction of a second. */
const MOST_NIGHTS = 3_660;
const MOST_VERDICTS = 200_000;

/**
 * When each backup would go under a policy, if from now on there was one proven backup a day, and nothing else changed: the night that
 * forgets it, or the end of its hold, and the days from mark to deletion. What is no candidate is not foreseen.
 *
 * @param decisions What a plan of these backups says of them now; those that it keeps against the rules' will are foreseen by the rules.
 * @param now ISO 8601 with an offset.
 */
export function forecast(
  policy: RetentionPolicy,
  backups: readonly RetainedBackup[],
  decisions: readonly Decision[],
  now: string,
): Forecast {
  const nowMs = Date.parse(now);
  const { countsFrom, undoDays } = policy.protection;
  const goes = (forgottenMs: number): string | null =>
    Number.isNaN(forgottenMs) ? null : new Date(Math.min(forgottenMs + undoDays * DAY_MS, LATEST_MS)).toISOString();

  const result = new Map<string, string | null>(backups.map(({ id }) => [id, null]));
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  for (const { id, keep } of decisions) {
    const backup = byId.get(id);
    if (backup && !keep) result.set(id, goes(isMarked(backup) ? Date.parse(backup.markedAt as string) : nowMs));
  }
  const kept = new Set(decisions.filter(({ keep }) => keep).map(({ id }) => id));
  const standing: Item[] = [];
  for (const { backup, takenMs } of newestFirst(backups)) {
    if (!kept.has(backup.id) || !isCandidate(backup, countsFrom) || !(takenMs <= nowMs)) continue;
    const heldMs = heldUntil(backup, nowMs);
    if (heldMs === undefined) standing.push({ id: backup.id, takenMs, tags: backup.tags });
    else result.set(backup.id, goes(heldMs));
  }
  for (const { id, forgottenMs } of nightsToCome(policy, standing, nowMs)) result.set(id, goes(forgottenMs));
  return result;
}

/** @returns null when there is no candidate: nothing is recoverable. */
export function recoverable(policy: RetentionPolicy, backups: readonly RetainedBackup[], foreseen: Forecast): Recoverable | null {
  const ends = newestFirst(backups)
    .filter(({ backup }) => isCandidate(backup, policy.protection.countsFrom))
    .map(({ backup }) => foreseen.get(backup.id) as string | null);
  const [newest] = ends;
  if (newest === undefined) return null;
  return { newest, any: ends.includes(null) ? null : (ends.toSorted().at(-1) as string) };
}

/** When the last hold of a backup ends: not a number when it cannot be read; undefined when nothing holds it. */
function heldUntil({ holds = [] }: RetainedBackup, nowMs: number): number | undefined {
  const untils = holds.map(({ until }) => Date.parse(until)).filter((untilMs) => !(untilMs <= nowMs));
  return untils.length === 0 ? undefined : Math.max(...untils);
}

type Item = DatedItem & Readonly<{ id?: string }>;

/** Night after night: which of the backups that stand now is forgotten when. */
function* nightsToCome(policy: RetentionPolicy, standing: readonly Item[], nowMs: number): Generator<{ id: string; forgottenMs: number }> {
  const calendar = calendarOf(policy.timeZone);
  const floor = Math.max(policy.protection.floor, 1);
  const [newest] = standing;
  let items = standing;
  let verdicts = 0;
  let nightMs = newest ? newest.takenMs + Math.max(1, Math.ceil((nowMs - newest.takenMs) / DAY_MS)) * DAY_MS : nowMs;
  for (let night = 0; night < MOST_NIGHTS && verdicts < MOST_VERDICTS && items.some(({ id }) => id !== undefined); night += 1) {
    const listed: readonly Item[] = [{ takenMs: nightMs }, ...items];
    verdicts += listed.length;
    const reasons = applyRules(policy.rules, listed, calendar, referenceOf(listed, nightMs));
    const stays = listed.map((_, index) => index < floor || (reasons[index] as RuleVerdict).reasons.length > 0);
    for (const [index, { id }] of listed.entries()) if (id !== undefined && !stays[index]) yield { id, forgottenMs: nightMs };
    items = listed.filter((_, index) => stays[index]);
    nightMs += DAY_MS;
  }
}
