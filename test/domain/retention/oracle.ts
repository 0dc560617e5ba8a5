/**
 * A second opinion on what a policy of the default form keeps: written for the tests from the rules' description, sharing no code with the product.
 * It works on local dates as text, from `Intl`, and on whole sets where the product walks a list.
 */
export type OracleBackup = Readonly<{ id: string; takenMs: number; proven: boolean }>;
export type OraclePolicy = Readonly<{
  last: number;
  hourly: number;
  daily: number;
  weekly: number;
  monthly: number;
  yearly: number;
  withinDays: number;
  withinWeeklyDays: number;
}>;

const DAY_MS = 86_400_000;
const FAILED_DAYS = 14;
const FLOOR = 3;

/** The ids to keep; undefined when nothing may be deleted tonight. */
export function oracleKeeps(
  policy: OraclePolicy,
  timeZone: string,
  backups: readonly OracleBackup[],
  nowMs: number,
): Set<string> | undefined {
  const proven = backups.filter(({ proven }) => proven).sort((a, b) => b.takenMs - a.takenMs);
  const newest = proven[0];
  if (!newest || proven.length < FLOOR) return undefined;
  if (backups.some(({ proven, takenMs }) => !proven && takenMs > newest.takenMs)) return undefined;

  const clock = wallClock(timeZone);
  const local = new Map(proven.map((backup) => [backup.id, clock(backup.takenMs)]));
  const textOf = ({ id }: OracleBackup): string => local.get(id) ?? '';
  const kept = new Set<string>(proven.slice(0, FLOOR).map(({ id }) => id));

  const keepNewestOf = (count: number, period: (text: string, id: string) => string): void => {
    const periods = Map.groupBy(proven, (backup) => period(textOf(backup), backup.id));
    const newestOfEach = [...periods.values()].flatMap(([first]) => first ?? []);
    for (const { id } of newestOfEach.slice(0, count)) kept.add(id);
    const oldest = proven.at(-1);
    if (newestOfEach.length < count && oldest) kept.add(oldest.id);
  };
  keepNewestOf(policy.last, (_text, id) => id);
  keepNewestOf(policy.hourly, (text) => text.slice(0, 13));
  keepNewestOf(policy.daily, (text) => text.slice(0, 10));
  keepNewestOf(policy.weekly, isoWeekOf);
  keepNewestOf(policy.monthly, (text) => text.slice(0, 7));
  keepNewestOf(policy.yearly, (text) => text.slice(0, 4));

  const within = proven.filter(({ takenMs }) => takenMs > daysBefore(newest.takenMs, policy.withinDays, clock));
  for (const { id } of within) kept.add(id);

  const inWeeks = proven.filter(({ takenMs }) => takenMs > daysBefore(newest.takenMs, policy.withinWeeklyDays, clock));
  for (const [first] of Map.groupBy(inWeeks, (backup) => isoWeekOf(textOf(backup))).values()) if (first) kept.add(first.id);
  const oldest = proven.at(-1);
  if (oldest && inWeeks.includes(oldest)) kept.add(oldest.id);

  for (const { id, proven, takenMs } of backups) if (!proven && nowMs - takenMs <= FAILED_DAYS * DAY_MS) kept.add(id);
  return kept;
}

type WallClock = (instantMs: number) => string;

const clocks = new Map<string, WallClock>();

/** Local time as `2026-11-22 02:30:00`; what was read once is remembered. */
function wallClock(timeZone: string): WallClock {
  const formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  const texts = new Map<number, string>();
  const read: WallClock = (instantMs) => {
    const text = texts.get(instantMs) ?? formatter.format(instantMs);
    texts.set(instantMs, text);
    return text;
  };
  const clock = clocks.get(timeZone) ?? read;
  clocks.set(timeZone, clock);
  return clock;
}

/** The Monday of a date's ISO week names the week. */
function isoWeekOf(text: string): string {
  const noon = new Date(`${text.slice(0, 10)}T12:00:00Z`);
  const sinceMonday = (noon.getUTCDay() + 6) % 7;
  return new Date(noon.getTime() - sinceMonday * DAY_MS).toISOString().slice(0, 10);
}

/** The instant with the same wall time so many days before: the earlier of two; of none, the one that the clock would have shown unchanged. */
function daysBefore(instantMs: number, days: number, clock: WallClock): number {
  const roughMs = instantMs - days * DAY_MS;
  const wanted = new Date(Date.parse(`${clock(instantMs).replace(' ', 'T')}Z`) - days * DAY_MS)
    .toISOString()
    .slice(0, 19)
    .replace('T', ' ');
  const hours = Array.from({ length: 25 }, (_, half) => roughMs + (half - 12) * 1_800_000);
  const match = hours.find((ms) => clock(ms) === wanted);
  if (match !== undefined) return match;
  const dayBefore = daysBefore(instantMs, days + 1, clock);
  return dayBefore + DAY_MS;
}
