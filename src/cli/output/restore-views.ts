import type { ItemDiff, RestoreDiff } from '../../domain/restore/diff.ts';
import type { LostAssignment } from '../../domain/restore/outcome.ts';
import { type Preflight, type RestoreFindings, scopeInWords } from '../../domain/restore/plan.ts';
import type { RestoreView } from '../../domain/restore/view.ts';
import type { Io } from '../io.ts';
import { type Style, styleFor, styleState } from './style.ts';
import { type Column, facts, table } from './table.ts';
import { ageInWords, instant, NONE, printable } from './words.ts';

/** So much of a hash tells two plans apart; commands take it for the whole. */
export const SHORT_HASH = 16;

/** A list longer than this is for programs. */
const MOST_LISTED = 40;

const PARTS: Readonly<Record<keyof RestoreDiff, string>> = {
  keys: 'key versions',
  deletedKeys: 'deleted keys',
  roleDefinitions: 'role definitions',
  roleAssignments: 'role assignments',
  settings: 'settings',
};

/** One restore as a page: what it is, what it destroys, what was looked at, how it went, and what to type next. @param next Instead of the usual next steps */
export function restorePage(restore: RestoreView, io: Io, next?: string): string {
  const style = styleFor(io.stdout, io.env);
  const { decision, outcome } = restore;
  const head = facts(
    [
      ['restore', restore.id],
      ['hash', restore.hash],
      [
        'state',
        `${restore.state}${restore.state === 'planned' || restore.state === 'approved' ? `, until ${instant(restore.expiresAt)}` : ''}`,
      ],
      ['asked for by', restore.requestedBy.name],
      ['decided by', decision ? `${decision.by}: ${decision.verdict}${decision.note ? ` (${decision.note})` : ''}` : NONE],
    ],
    style.dim,
  );
  const after = outcome ? afterwards(outcome, style) : '';
  return `${head}\n${findingsPage(restore, io)}${after}${next ?? nextSteps(restore, style)}`;
}

/** What a restore would do, and what stands in its way. */
export function findingsPage(findings: RestoreFindings, io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const { source, target, folder, takenAt, proof, scope, diff, uncertain, preflights } = findings;
  const what = facts(
    [
      ['from', `${source}, ${folder} (${ageInWords(takenAt || null, io.now())}, proof ${proof})`],
      ['into', target],
      ['what', scopeInWords(scope)],
    ],
    style.dim,
  );
  const unsure = uncertain.length > 0 ? `\n${style.warn('Changed while the backup was taken')}: ${printable(uncertain.join(', '))}\n` : '';
  return `${what}\n${diffTable(diff, style)}${destruction(diff, style)}${unsure}\n${preflightTable(preflights, style)}`;
}

function diffTable(diff: RestoreDiff, style: Style): string {
  type Row = Readonly<{ part: keyof RestoreDiff; items: ItemDiff | 'unreadable' }>;
  const rows = Object.entries(diff).map(([part, items]) => ({ part, items }) as Row);
  const count = (name: keyof ItemDiff): Column<Row> => ({
    header: { vanish: 'VANISH', comeBack: 'COME BACK', change: 'CHANGE' }[name],
    text: ({ items }) => (items === 'unreadable' ? '?' : String(items[name].length)),
    align: 'right',
  });
  const columns: Column<Row>[] = [
    { header: 'PART', text: ({ part }) => PARTS[part] },
    count('vanish'),
    count('comeBack'),
    count('change'),
    { header: '', text: ({ items }) => (items === 'unreadable' ? 'cannot be read' : '') },
  ];
  return table(columns, rows, style.dim);
}

/** Every item by name, what is destroyed first. */
function destruction(diff: RestoreDiff, style: Style): string {
  const lines = Object.entries(diff).flatMap(([part, items]) => {
    if (items === 'unreadable') return [];
    const line = (sign: string, paint: (text: string) => string) => (item: string) =>
      paint(`  ${sign} ${PARTS[part as keyof RestoreDiff]}: ${printable(item)}`);
    return [
      ...items.vanish.map(line('-', style.bad)),
      ...items.change.map(line('~', style.warn)),
      ...items.comeBack.map(line('+', style.good)),
    ];
  });
  if (lines.length === 0) return '';
  const rest = lines.length > MOST_LISTED ? [`  … and ${lines.length - MOST_LISTED} more; --json shows all`] : [];
  return `\n${[...lines.slice(0, MOST_LISTED), ...rest].join('\n')}\n`;
}

function preflightTable(preflights: readonly Preflight[], style: Style): string {
  const columns: Column<Preflight>[] = [
    { header: 'CHECK', text: ({ name }) => name },
    { header: 'STATUS', text: ({ status }) => status, paint: (text, { status }) => styleState(style, STATE[status], text) },
    { header: 'MESSAGE', text: ({ message }) => message },
  ];
  const hints = preflights.flatMap(({ name, status, hint }) =>
    hint && status !== 'ok' ? [`\n${style.warn(printable(name))}: ${printable(hint)}\n`] : [],
  );
  return table(columns, preflights, style.dim) + hints.join('');
}

const STATE = { ok: 'ok', warning: 'Degraded', failed: 'failed' } as const satisfies Record<Preflight['status'], string>;

function afterwards(
  { remaining, lostAssignments }: Readonly<{ remaining: RestoreDiff; lostAssignments: readonly LostAssignment[] }>,
  style: Style,
): string {
  const lost = lostAssignments.map(({ name, command }) => `  - ${printable(name)}\n      ${printable(command)}\n`);
  return [
    `\n${style.strong('Afterwards')}: what the target holds beside the backup\n`,
    diffTable(remaining, style),
    lost.length > 0 ? `\nRole assignments that are gone, and how to give them again:\n${lost.join('')}` : '',
  ].join('');
}

function nextSteps({ id, hash, state, preflights }: RestoreView, style: Style): string {
  const short = hash.slice(0, SHORT_HASH);
  const isBlocked = preflights.some(({ status }) => status === 'failed');
  if (isBlocked && (state === 'planned' || state === 'approved'))
    return `\n${style.bad('It cannot be carried out')}: see the checks that failed, then plan anew.\n`;
  switch (state) {
    case 'planned':
      return `\nAnother person approves exactly this:  hsmkeep restore approve ${id} --hash ${short}\nThen it is carried out:                hsmkeep restore execute ${id} --hash ${short}\n`;
    case 'approved':
      return `\nCarry it out:  hsmkeep restore execute ${id} --hash ${short}\n`;
    case 'executing':
      return `\nFollow it:  hsmkeep restore show ${id} --follow\n`;
    default:
      return '';
  }
}
