import type { RetentionRules } from '../../../src/domain/retention/policy.ts';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';

/**
 * A second, slow reading of restic's keep rules: local dates as text from `Intl`, a period found by looking at text. It shares no code with the
 * product. Durations are understood in UTC only.
 *
 * @param backups Newest first.
 * @returns The reasons of each, in the same order.
 */
export function naiveReasons(rules: RetentionRules, timeZone: string, backups: readonly RetainedBackup[], nowMs: number): string[][] {
  const reference = backups.find(({ takenAt }) => Date.parse(takenAt) <= nowMs)?.takenAt;
  const reaches = (backup: RetainedBackup, span: string): boolean =>
    reference === undefined || Date.parse(backup.takenAt) > before(reference, span);
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
    const text = localText(timeZone, backup.takenAt);
    const isOldest = index === backups.length - 1;
    const reasons: string[] = [];
    for (const wanted of rules.keepTags ?? []) {
      const tags = backup.tags ?? [];
      const misses = wanted.filter((tag) => (tag === '' ? tags.length > 0 : !tags.includes(tag)));
      if (misses.length === 0) reasons.push(`has tags [${wanted.join(', ')}]`);
    }
    if (isSpan(rules.within) && reaches(backup, rules.within)) reasons.push(`within ${rules.within}`);
    for (const [rule, period] of periodsOf(text, index)) {
      const count = rules[rule] ?? 0;
      if (count === -1 || (used.get(rule) ?? 0) < count) reasons.push(...claim(rule, `${rule} snapshot`, period, isOldest));
    }
    for (const [name, span] of spansOf(rules)) {
      const period = new Map<string, string>(periodsOf(text, index)).get(name) ?? '';
      if (reaches(backup, span)) reasons.push(...claim(`within ${name}`, `${name} within ${span}`, period, isOldest));
    }
    return reasons;
  });
}

type Counted = 'last' | 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';

const periodsOf = (text: string, index: number): [Counted, string][] => [
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

const isSpan = (span: string | undefined): span is string => span !== undefined && /[1-9]/.test(span);

const formatters = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-22 02:30:00` on the wall. */
function localText(timeZone: string, takenAt: string): string {
  const formatter = formatters.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  formatters.set(timeZone, formatter);
  return formatter.format(Date.parse(takenAt));
}

/** The date of the Monday of a day's week, found by going back day by day. */
function mondayOf(text: string): string {
  const day = new Date(`${text.slice(0, 10)}T12:00:00Z`);
  while (day.getUTCDay() !== 1) day.setUTCDate(day.getUTCDate() - 1);
  return day.toISOString().slice(0, 10);
}

/** An instant less a duration, by the calendar of UTC. */
function before(instant: string, span: string): number {
  const part = (unit: string): number => Number(new RegExp(`(\\d+)${unit}`).exec(span)?.[1] ?? 0);
  const at = new Date(instant);
  const calendar = Date.UTC(
    at.getUTCFullYear() - part('y'),
    at.getUTCMonth() - part('m'),
    at.getUTCDate() - part('d'),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
    at.getUTCMilliseconds(),
  );
  return calendar - part('h') * 3_600_000;
}
