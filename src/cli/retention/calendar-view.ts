import { table } from '../output/table.ts';
import type { DecidedBackup } from './plan-view.ts';

/** So many weeks are shown day by day, from the newest backup's on; months before that as a whole. */
const WEEKS = 6;

const DAY_MS = 24 * 3_600_000;
const WEEKDAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const;

type Taken = Pick<DecidedBackup, 'localMs' | 'keep'>;

/**
 * A small calendar of what is kept, by local time: the days of the newest weeks, then all months.
 *
 * @param taken Newest first, at least one.
 */
export function calendarView(taken: readonly Taken[]): string {
  return `Kept per day (1/3: one of three; a dot: none taken):\n${weekTable(taken)}\nKept per month:\n${monthTable(taken)}`;
}

function weekTable(taken: readonly Taken[]): string {
  const byDay = Map.groupBy(taken, ({ localMs }) => Math.floor(localMs / DAY_MS));
  const days = [...byDay.keys()];
  const newestMonday = mondayOf(days[0] ?? 0);
  const oldestMonday = Math.max(mondayOf(days.at(-1) ?? 0), newestMonday - 7 * (WEEKS - 1));
  const mondays = Array.from({ length: (newestMonday - oldestMonday) / 7 + 1 }, (_, weeks) => newestMonday - 7 * weeks);
  return table(
    [
      { header: 'WEEK', text: (monday) => isoWeek(monday) },
      { header: 'FROM', text: (monday) => date(monday) },
      ...WEEKDAYS.map((header, index) => ({
        header,
        text: (monday: number) => keptOf(byDay.get(monday + index) ?? []),
        align: 'right' as const,
      })),
    ],
    mondays,
  );
}

function monthTable(taken: readonly Taken[]): string {
  const months = [...Map.groupBy(taken, ({ localMs }) => new Date(localMs).toISOString().slice(0, 'yyyy-mm'.length))];
  return table(
    [
      { header: 'MONTH', text: ([month]) => month },
      { header: 'KEPT', text: ([, backups]) => keptOf(backups), align: 'right' },
    ],
    months,
  );
}

/** `.` nothing taken, `1` all kept, `0/2` and `1/3` kept of all. */
function keptOf(backups: readonly Taken[]): string {
  if (backups.length === 0) return '.';
  const kept = backups.filter(({ keep }) => keep).length;
  return kept === backups.length ? String(kept) : `${kept}/${backups.length}`;
}

/** Days are counted from 1970-01-01, a Thursday. */
const mondayOf = (day: number): number => Math.floor((day + 3) / 7) * 7 - 3;

const date = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 'yyyy-mm-dd'.length);

/** `2026-W47`: a week belongs to the year of its Thursday. */
function isoWeek(monday: number): string {
  const thursday = monday + 3;
  const year = new Date(thursday * DAY_MS).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(year, 0, 1) / DAY_MS) / 7) + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}
