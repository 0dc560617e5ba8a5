import { toCsv } from '../../domain/report/csv.ts';
import type { ExceptionLine } from '../../domain/report/exceptions.ts';
import type { MissingPart, Report } from '../../domain/report/report.ts';
import type { RotationLine } from '../../domain/report/rotations.ts';
import type { Io } from '../io.ts';
import { type Style, styleFor } from './style.ts';
import { type Column, facts, table } from './table.ts';
import { counted, instant, NONE, printable } from './words.ts';

/** The parts of a report that are lists, with their columns in CSV. */
const PARTS = {
  secrets: ['secret', 'owner', 'state', 'provider', 'everyDays', 'ageDays', 'dueAt', 'expiresAt', 'intervalsDays', 'late'],
  rotations: [
    'secret',
    'rotationId',
    'requestedAt',
    'outcome',
    'by',
    'byId',
    'trigger',
    'reason',
    'mode',
    'provider',
    'strategy',
    'policyHash',
    'base',
    'version',
    'publishedAt',
    'verifiedAt',
    'intervalDays',
    'everyDays',
    'isLate',
    'cause',
    'graceUntil',
    'oldEndedAt',
    'oldCredential',
    'fingerprints',
    'runs',
  ],
  emergencies: ['secret', 'rotationId', 'by', 'byId', 'reason', 'requestedAt', 'publishedAt', 'oldEndedAt', 'minutes'],
  exceptions: ['what', 'subject', 'owner', 'since', 'detail'],
  hsms: ['hsm', 'nights', 'proven', 'without', 'open', 'before'],
  drills: ['hsm', 'run', 'at', 'status', 'folder', 'proof'],
  restores: ['hsm', 'run', 'at', 'status', 'folder', 'askedBy', 'approvedBy', 'approvedAt'],
  deletions: ['hsm', 'run', 'at', 'marked', 'pruned', 'copies', 'retained'],
  missing: ['part', 'of', 'message', 'hint'],
} as const satisfies Readonly<Partial<Record<keyof Report, readonly string[]>>>;

/** A file for each part, by name: CSV, and the whole report as JSON. */
export function reportFiles(report: Report): (readonly [name: string, text: string])[] {
  const rows: Readonly<Record<keyof typeof PARTS, readonly object[]>> = {
    ...report,
    rotations: report.rotations.map(withNames),
    emergencies: report.emergencies.map(withNames),
  };
  const parts = Object.keys(PARTS) as (keyof typeof PARTS)[];
  return [
    ...parts.map((part) => [`${part}.csv`, toCsv(PARTS[part], rows[part] as readonly Readonly<Record<string, unknown>>[])] as const),
    ['report.json', `${JSON.stringify(report, null, 2)}\n`],
  ];
}

type By = RotationLine['by'];

/** Who asked as a name, and beside it what nobody else has: the object id of a person or app, or the id of an event or a sweep. */
const withNames = <Line extends Readonly<{ by: By }>>(line: Line) => ({ ...line, by: nameOf(line.by), byId: idOf(line.by) });
const nameOf = (by: By): string => (by === null ? NONE : 'name' in by ? by.name : by.kind);
const idOf = (by: By): string => (by === null ? '' : 'oid' in by ? by.oid : by.id);

/** `alice` of `alice@contoso.net`: in a table for people of one organisation. */
const shortName = (name: string): string => name.split('@')[0] || name;

/** More rows than these are for programs. */
const ROWS_AT_MOST = 50;
/** Rows fit a terminal of this many characters, beside names of usual length; `--json` and files have all of it. */
const COLUMNS = 120;
const LONGEST = { owner: 12, by: 12, intervals: 24, words: 32 } as const;
const LEAST_DETAIL = 40;

/** A report to read: what it comes to, then its parts. */
export function reportView(report: Report, io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const part = <Row>(title: string, rows: readonly Row[], columns: readonly Column<Row>[]): string =>
    rows.length === 0 ? '' : `\n${style.strong(title)}\n${table(columns, rows.slice(0, ROWS_AT_MOST), style.dim)}${andMore(rows.length)}`;
  return [
    `From ${instant(report.from)} to before ${instant(report.to)}, made ${instant(report.madeAt)}\n\n`,
    facts(summary(report), style.dim),
    ...report.missing.map((one) => missingPart(style, one)),
    part('Secrets', report.secrets, [
      { header: 'SECRET', text: ({ secret }) => secret },
      { header: 'OWNER', text: ({ owner }) => cut(owner ?? NONE, LONGEST.owner) },
      { header: 'STATE', text: ({ state }) => state },
      { header: 'EVERY', text: ({ everyDays }) => days(everyDays), align: 'right' },
      { header: 'AGE', text: ({ ageDays }) => days(ageDays), align: 'right' },
      { header: 'DUE', text: ({ dueAt }) => day(dueAt) },
      { header: 'INTERVALS', text: ({ intervalsDays }) => cut(intervalsDays.toReversed().map(days).join(', ') || NONE, LONGEST.intervals) },
      { header: 'LATE', text: ({ late }) => String(late), align: 'right' },
    ]),
    part('Rotations', report.rotations, [
      { header: 'SECRET', text: ({ secret }) => secret },
      { header: 'ASKED', text: ({ requestedAt }) => (requestedAt === null ? 'before' : day(requestedAt)) },
      { header: 'BY', text: ({ by }) => cut(shortName(nameOf(by)), LONGEST.by) },
      { header: 'OUTCOME', text: ({ outcome }) => outcome },
      { header: 'VERIFIED', text: ({ verifiedAt }) => instant(verifiedAt) },
      { header: 'OLD ONE ENDED', text: oldEnd },
      { header: 'OLD ONE IS', text: ({ oldCredential }) => oldCredential ?? NONE },
    ]),
    part('Emergency rotations', report.emergencies, [
      { header: 'SECRET', text: ({ secret }) => secret },
      { header: 'ASKED', text: ({ requestedAt }) => instant(requestedAt) },
      { header: 'BY', text: ({ by }) => cut(shortName(nameOf(by)), LONGEST.by) },
      { header: 'OLD ONE ENDED AFTER', text: ({ minutes }) => (minutes === null ? 'not yet' : `${minutes} min`) },
      { header: 'REASON', text: ({ reason }) => cut(reason ?? NONE, LONGEST.words) },
    ]),
    part('HSMs', report.hsms, [
      { header: 'HSM', text: ({ hsm }) => hsm },
      { header: 'NIGHTS', text: ({ nights }) => String(nights), align: 'right' },
      { header: 'PROVEN', text: ({ proven }) => String(proven), align: 'right' },
      { header: 'NOT THERE YET', text: ({ before }) => String(before), align: 'right' },
      { header: 'NOT OVER', text: ({ open }) => open ?? NONE },
      { header: 'WITHOUT A PROVEN BACKUP', text: ({ without }) => cut(without.toReversed().join(', ') || NONE, LONGEST.words) },
    ]),
    part('Drills', report.drills, [
      { header: 'HSM', text: ({ hsm }) => hsm },
      { header: 'AT', text: ({ at }) => instant(at) },
      { header: 'STATUS', text: ({ status }) => status },
      { header: 'PROOF', text: ({ proof }) => proof ?? NONE },
      { header: 'BACKUP', text: ({ folder }) => folder ?? NONE },
    ]),
    part('Restores', report.restores, [
      { header: 'HSM', text: ({ hsm }) => hsm },
      { header: 'AT', text: ({ at }) => instant(at) },
      { header: 'STATUS', text: ({ status }) => status },
      { header: 'ASKED BY', text: ({ askedBy }) => cut(shortName(askedBy ?? NONE), LONGEST.by) },
      { header: 'APPROVED BY', text: ({ approvedBy }) => cut(shortName(approvedBy ?? NONE), LONGEST.by) },
      { header: 'BACKUP', text: ({ folder }) => folder ?? NONE },
    ]),
    part('Deletions by retention', report.deletions, [
      { header: 'HSM', text: ({ hsm }) => hsm },
      { header: 'AT', text: ({ at }) => instant(at) },
      { header: 'MARKED', text: ({ marked }) => String(marked), align: 'right' },
      { header: 'DELETED', text: ({ pruned }) => String(pruned), align: 'right' },
      { header: 'SECOND COPIES', text: ({ copies }) => String(copies), align: 'right' },
      { header: 'KEPT BY A LOCK', text: ({ retained }) => String(retained), align: 'right' },
    ]),
    part('Not in the audit trail, though they have ended', report.trail?.notInTrail ?? [], RUN_COLUMNS),
    part('Only in the audit trail: their records are gone', report.trail?.onlyInTrail ?? [], RUN_COLUMNS),
    ...[...Map.groupBy(report.exceptions, ({ what }) => what)].map(([what, lines]) =>
      part(`Exceptions: ${what} (${lines.length})`, lines, exceptionColumns(lines, io.stdout.columns)),
    ),
    `\n${style.dim(NOT_IN_IT)}\n`,
  ].join('');
}

const RUN_COLUMNS: readonly Column<string>[] = [{ header: 'RUN', text: (id) => id }];

const NOT_IN_IT = [
  'Not in it: who may rotate, and who could read values on their way (hsmkeep doctor); restores with --direct (told beside',
  'the backups, below hsmkeep/<hsm>/break-glass/); until when an exception is tolerated, which hsmkeep does not know.',
].join('\n');

/** Details have the room that the rest of the row leaves. */
function exceptionColumns(lines: readonly ExceptionLine[], columns: number = COLUMNS): Column<ExceptionLine>[] {
  const widest = Math.max(...lines.map(({ subject }) => subject.length));
  const room = Math.max(LEAST_DETAIL, Math.max(columns, COLUMNS) - widest - LONGEST.owner - 'yyyy-mm-dd'.length - 3 * '  '.length);
  return [
    { header: 'SUBJECT', text: ({ subject }) => subject },
    { header: 'OWNER', text: ({ owner }) => cut(owner ?? NONE, LONGEST.owner) },
    { header: 'SINCE', text: ({ since }) => day(since) },
    { header: 'DETAIL', text: ({ detail }) => cut(detail, room) },
  ];
}

const days = (count: number | null): string => (count === null ? NONE : `${count} d`);
const day = (at: string | null): string => (at === null ? NONE : at.slice(0, 'yyyy-mm-dd'.length));
const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

const oldEnd = ({ oldEndedAt, graceUntil }: RotationLine): string =>
  oldEndedAt === null && graceUntil !== null ? `grace ${day(graceUntil)}` : instant(oldEndedAt);

const andMore = (rows: number): string => (rows > ROWS_AT_MOST ? `… and ${rows - ROWS_AT_MOST} more; --json and --csv have all.\n` : '');

const PART_WORDS: Readonly<Record<MissingPart['part'], string>> = {
  runs: 'runs',
  secrets: 'secrets',
  hsms: 'HSMs',
  consents: 'who asked for and approved a restore',
  trail: 'the audit trail',
};

const missingPart = (style: Style, { part, of, message, hint }: MissingPart): string =>
  `\n${style.bad(`Missing: ${PART_WORDS[part]}${of === null ? '' : ` of ${printable(of)}`}`)}: ${printable(message)}\n  ${printable(hint)}\n`;

function summary(report: Report): [name: string, value: string][] {
  const { secrets, rotations, emergencies, hsms, exceptions, drills, restores, trail, missing } = report;
  const unmanaged = secrets.filter(({ state }) => state === 'unmanaged').length;
  const ended = rotations.filter(({ oldEndedAt }) => oldEndedAt !== null);
  const dead = ended.filter(({ oldCredential }) => oldCredential === 'refused' || oldCredential === 'replaced').length;
  const sum = (of: (hsm: Report['hsms'][number]) => number): number => hsms.reduce((total, hsm) => total + of(hsm), 0);
  return [
    ['complete', missing.length === 0 ? 'yes' : `no: ${counted(missing.length, 'part')} missing, see below`],
    ['secrets', `${secrets.length - unmanaged} managed, ${unmanaged} unmanaged`],
    [
      'rotations',
      `${rotations.length}, ${rotations.filter(({ isLate }) => isLate).length} of them late; ${emergencies.length} in an emergency`,
    ],
    ['old credentials', `${ended.length} ended, ${dead} of them seen to be refused, or replaced in their place`],
    ['nights', `${sum(({ proven }) => proven)} of ${sum(({ nights }) => nights)} with a proven backup, of ${counted(hsms.length, 'HSM')}`],
    [
      'drills',
      drills.length === 0 ? 'none' : `${drills.length}, ${drills.filter(({ proof }) => proof !== null).length} of them proved a backup`,
    ],
    ['restores', restores.length === 0 ? 'none' : String(restores.length)],
    ['exceptions', String(exceptions.length)],
    ['audit trail', trailInWords(trail)],
  ];
}

function trailInWords(trail: Report['trail']): string {
  if (!trail) return 'not compared';
  const { runs, notInTrail, onlyInTrail, unreadable } = trail;
  const gaps = [
    ...(notInTrail.length > 0 ? [`${counted(notInTrail.length, 'run')} not in the trail`] : []),
    ...(onlyInTrail.length > 0 ? [`${counted(onlyInTrail.length, 'run')} only in the trail`] : []),
    ...(unreadable > 0 ? [`${counted(unreadable, 'line')} of the trail unreadable`] : []),
  ];
  return gaps.length === 0 ? `whole: it has the end of all ${counted(runs, 'run')}` : `of ${counted(runs, 'run')}; ${gaps.join('; ')}`;
}
