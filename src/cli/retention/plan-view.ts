import { type Calendar, calendarOf } from '../../domain/retention/calendar.ts';
import type { Decision } from '../../domain/retention/decide.ts';
import type { Recoverable } from '../../domain/retention/forecast.ts';
import type { Refusal } from '../../domain/retention/guards.ts';
import type { RetainedBackup } from '../../domain/retention/retained-backup.ts';
import type { Io } from '../io.ts';
import { styleFor } from '../output/style.ts';
import { type Column, table } from '../output/table.ts';
import { counted, NONE, printable } from '../output/words.ts';
import { calendarView } from './calendar-view.ts';

/** A backup with what is decided about it. `localMs`: local time as if it were UTC. */
export type DecidedBackup = Readonly<{
  id: string;
  localMs: number;
  proof: string;
  keep: boolean;
  reasons: readonly string[];
  /** The local day on which it may be deleted; null: no end is in sight. Absent when nothing is foreseen. */
  goesOn?: string | null;
}>;

/** What is foreseen under a policy. See `forecast`. */
export type Foresight = Readonly<{ goesAt: Readonly<Record<string, string | null>>; recoverable: Recoverable | null }>;

/**
 * A plan for people: each backup with its reasons, newest first; what stopped the plan; what is kept of each day, week and month.
 *
 * @param backups Those that the plan is about, in any order.
 * @param foresight Absent: nothing is said of the time to come.
 */
export function planView(
  { decisions, refused }: Readonly<{ decisions: readonly Decision[]; refused: Refusal | null }>,
  backups: readonly RetainedBackup[],
  timeZone: string,
  io: Io,
  foresight?: Foresight,
): string {
  if (decisions.length === 0) return `${refusalView(refused, io)}There are no backups.\n`;
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const calendar = calendarOf(timeZone);
  const decided = decisions.map(({ id, keep, reasons }): DecidedBackup => {
    const backup = byId.get(id);
    const goesAt = foresight?.goesAt[id] ?? null;
    return {
      ...{ id, keep, reasons, proof: backup?.proof ?? NONE, localMs: calendar.toLocal(Date.parse(backup?.takenAt ?? '')) },
      ...(foresight && { goesOn: goesAt && day(calendar.toLocal(Date.parse(goesAt))) }),
    };
  });
  const kept = decided.filter(({ keep }) => keep).length;
  const sum = `${counted(decided.length, 'backup')}: ${kept} kept, ${decided.length - kept} forgotten.\n`;
  return [
    decisionTable(decided, timeZone, io),
    refusalView(refused, io),
    sum,
    foresight?.recoverable ? recoverableView(foresight.recoverable, calendar) : '',
    calendarView(decided),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function decisionTable(decided: readonly DecidedBackup[], timeZone: string, io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const columns: Column<DecidedBackup>[] = [
    { header: `TAKEN (${timeZone})`, text: ({ localMs }) => minute(localMs) },
    { header: 'BACKUP', text: ({ id }) => id },
    { header: 'PROOF', text: ({ proof }) => proof },
    {
      header: 'DECISION',
      text: ({ keep }) => (keep ? 'keep' : 'forget'),
      paint: (text, { keep }) => (keep ? style.good(text) : style.warn(text)),
    },
    ...(decided.some(({ goesOn }) => goesOn !== undefined)
      ? [{ header: 'GOES', text: ({ goesOn }: DecidedBackup) => goesOn ?? NONE }]
      : []),
    { header: 'REASONS', text: ({ reasons }) => reasons.join(', ') },
  ];
  return table(columns, decided, style.dim);
}

function refusalView(refused: Refusal | null, io: Io): string {
  if (!refused) return '';
  const { bad } = styleFor(io.stdout, io.env);
  const hash = refused.planHash === undefined ? '' : `  Plan hash: ${refused.planHash}\n`;
  return `${bad(`Nothing may be deleted (${refused.guard}): ${printable(refused.message)}`)}\n  ${printable(refused.hint)}\n${hash}`;
}

/** How long a destroyed key can be had back. */
function recoverableView({ any, newest }: Recoverable, calendar: Calendar): string {
  const until = (at: string | null): string =>
    at === null ? 'for as long as can be foreseen' : `until ${day(calendar.toLocal(Date.parse(at)))}`;
  return [
    `A key destroyed now stays recoverable ${until(any)} if all backups hold it, ${until(newest)} if only the newest does.\n`,
    '(One proven backup a day assumed, the days between mark and deletion included.)\n',
  ].join('');
}

/** `2026-11-22` */
const day = (localMs: number): string => new Date(localMs).toISOString().slice(0, 'yyyy-mm-dd'.length);

/** `2026-11-22 02:00` */
const minute = (localMs: number): string => new Date(localMs).toISOString().slice(0, 16).replace('T', ' ');
