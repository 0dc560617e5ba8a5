import type { RetentionRules } from '../../../src/domain/retention/policy.ts';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';

/**
 * A second, slow reading of restic's keep rules: local dates as text from `Intl`, a period found by looking at text. It shares no code with the
 * product.
 *
 * @param backups Newest first.
 * @param referenceMs What durations reach back from; absent when all is in the future.
 * @returns The reasons of each, in the same order.
 */
export function naiveReasons(
  rules: RetentionRules,
  timeZone: string,
  backups: readonly RetainedBackup[],
  referenceMs: number | undefined,
): string[][] {
  const cutOffs = new Map<string, number>();
  const reaches = (backup: RetainedBackup, span: string): boolean => {
    if (referenceMs === undefined) return true;
    const cutOffMs = cutOffs.get(span) ?? naiveBefore(timeZone, referenceMs, span);
    cutOffs.set(span, cutOffMs);
    return Date.parse(backup.takenAt) > cutOffMs;
  };
  const seen = new Map<string, string>();
  const used = new Map<string, number>();

  /** The reason of a rule that keeps one of each period; none when the period was seen and this is not the oldest. */
  const claim = (rule: string, label: string, period: string, isOldest: boolean): string[] => {
    const begins = seen.get(rule) !== period;
    if (!begins && !isOldest) return [];
    seen.set(rule, period);
    used.set(rule, (used.get(rule) ?? 0) + 1);
    return [begins ? label : `oldest ${label}`];
  };

  return backups.map((backup, index) => {
    const text = localText(timeZone, Date.parse(backup.takenAt));
    const isOldest = index === backups.length - 1;
    const reasons: string[] = [];
    for (const wanted of rules.keepTags ?? []) {
      const tags = backup.tags ?? [];
      const misses = wanted.filter((tag) => (tag === '' ? tags.length > 0 : !tags.includes(tag)));
      if (misses.length === 0) reasons.push(`has tags [${wanted.join(', ')}]`);
    }
    if (isSpan(rules.within) && reaches(backup, rules.within)) reasons.push(`within ${short(rules.within)}`);
    for (const [rule, period] of periodsOf(text, index)) {
      const count = rules[rule] ?? 0;
      if (count === -1 || (used.get(rule) ?? 0) < count) reasons.push(...claim(rule, `${rule} snapshot`, period, isOldest));
    }
    for (const [name, span] of spansOf(rules)) {
      const period = new Map<string, string>(periodsOf(text, index)).get(name) ?? '';
      if (reaches(backup, span)) reasons.push(...claim(`within ${name}`, `${name} within ${short(span)}`, period, isOldest));
    }
    return reasons;
  });
}

type Counted = 'last' | 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';

/** The name of the period of each rule that a local time lies in. */
export const periodsOf = (text: string, index: number): [Counted, string][] => [
  ['last', String(index)],
  ['hourly', text.slice(0, 'yyyy-mm-dd hh'.length)],
  ['daily', text.slice(0, 'yyyy-mm-dd'.length)],
  ['weekly', mondayOf(text)],
  ['monthly', text.slice(0, 'yyyy-mm'.length)],
  ['yearly', text.slice(0, 'yyyy'.length)],
];

const spansOf = (rules: RetentionRules): [string, string][] =>
  [
    ['hourly', rules.withinHourly] as const,
    ['daily', rules.withinDaily] as const,
    ['weekly', rules.withinWeekly] as const,
    ['monthly', rules.withinMonthly] as const,
    ['yearly', rules.withinYearly] as const,
  ].flatMap(([name, span]): [string, string][] => (isSpan(span) ? [[name, span]] : []));

/** Without what is nothing: `0y2d` is `2d`. */
const short = (span: string): string => span.replaceAll(/\b0+[ymdh]/g, '');

const isSpan = (span: string | undefined): span is string => span !== undefined && /[1-9]/.test(span);

const formatters = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-22 02:30:00` on the wall. */
export function localText(timeZone: string, instantMs: number): string {
  const formatter = formatters.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  formatters.set(timeZone, formatter);
  return formatter.format(instantMs);
}

/** The date of the Monday of a day's week, found by going back day by day. */
function mondayOf(text: string): string {
  const day = new Date(`${text.slice(0, 10)}T12:00:00Z`);
  while (day.getUTCDay() !== 1) day.setUTCDate(day.getUTCDate() - 1);
  return day.toISOString().slice(0, 10);
}

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;

/** An instant less a duration: years, months and days on the wall, then hours as they elapse. */
export function naiveBefore(timeZone: string, instantMs: number, span: string): number {
  const part = (unit: string): number => Number(new RegExp(`(\\d+)${unit}`).exec(span)?.[1] ?? 0);
  const hoursMs = part('h') * 3_600_000;
  if (part('y') + part('m') + part('d') === 0) return instantMs - hoursMs;
  const [year = 0, month = 0, day = 0, ...time] = localText(timeZone, instantMs).split(/[- :]/).map(Number);
  const [hour = 0, minute = 0, second = 0] = time;
  const wallMs = Date.UTC(year - part('y'), month - 1 - part('m'), day - part('d'), hour, minute, second, instantMs % 1000);
  return whenTheWallShows(timeZone, wallMs) - hoursMs;
}

/** The first instant at which the clock on the wall shows a time; where it skips that time, when it would have, had nobody changed it. */
function whenTheWallShows(timeZone: string, wallMs: number): number {
  const wanted = new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ');
  // Offsets are quarters of an hour, from 14 hours ahead of UTC to 12 behind.
  const instants = Array.from({ length: 26 * 4 + 1 }, (_, quarter) => wallMs + (quarter - 14 * 4) * QUARTER_MS);
  const shown = instants.find((ms) => localText(timeZone, ms) === wanted);
  return shown ?? whenTheWallShows(timeZone, wallMs - DAY_MS) + DAY_MS;
}
