import { calendarOf } from '../../domain/retention/calendar.ts';
import type { Decision } from '../../domain/retention/decide.ts';
import type { Refusal } from '../../domain/retention/guards.ts';
import type { RetainedBackup } from '../../domain/retention/retained-backup.ts';
import type { Io } from '../io.ts';
import { styleFor } from '../output/style.ts';
import { type Column, table } from '../output/table.ts';
import { counted, NONE, printable } from '../output/words.ts';
import { calendarView } from './calendar-view.ts';

/** A backup with what is decided about it. `localMs`: local time as if it were UTC. */
export type DecidedBackup = Readonly<{ id: string; localMs: number; proof: string; keep: boolean; reasons: readonly string[] }>;

/**
 * A plan for people: each backup with its reasons, newest first; what stopped the plan; what is kept of each day, week and month.
 *
 * @param backups Those that the plan is about, in any order.
 */
export function planView(
  { decisions, refused }: Readonly<{ decisions: readonly Decision[]; refused: Refusal | null }>,
  backups: readonly RetainedBackup[],
  timeZone: string,
  io: Io,
): string {
  if (decisions.length === 0) return `${refusalView(refused, io)}There are no backups.\n`;
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const calendar = calendarOf(timeZone);
  const decided = decisions.map(({ id, keep, reasons }): DecidedBackup => {
    const backup = byId.get(id);
    return { id, keep, reasons, proof: backup?.proof ?? NONE, localMs: calendar.toLocal(Date.parse(backup?.takenAt ?? '')) };
  });
  const kept = decided.filter(({ keep }) => keep).length;
  const sum = `${counted(decided.length, 'backup')}: ${kept} kept, ${decided.length - kept} forgotten.\n`;
  return [decisionTable(decided, timeZone, io), refusalView(refused, io), sum, calendarView(decided)]
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

/** `2026-11-22 02:00` */
const minute = (localMs: number): string => new Date(localMs).toISOString().slice(0, 16).replace('T', ' ');
