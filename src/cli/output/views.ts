import type { Run, Step } from '../../domain/run.ts';
import type { BackupView, HsmView } from '../../domain/views.ts';
import type { Io } from '../io.ts';
import { type Style, styleFor, styleState } from './style.ts';
import { type Column, facts, table } from './table.ts';
import { ageInWords, distanceInWords, elapsed, instant, NONE, number, printable, sizeInWords } from './words.ts';

/** The HSMs with the state of their backups, and below them what could not be read. */
export function hsmTable(hsms: readonly HsmView[], io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const now = io.now();
  const columns: Column<HsmView>[] = [
    { header: 'HSM', text: ({ name }) => name },
    { header: 'STATUS', text: ({ status }) => status, paint: (text, { status }) => styleState(style, status, text) },
    { header: 'NEWEST PROVEN', text: ({ newestProven }) => ageInWords(newestProven?.takenAt ?? null, now) },
    { header: 'PROOF', text: ({ newestProven }) => newestProven?.proof ?? NONE },
    { header: 'LAST', text: ({ lastBackup }) => ageInWords(lastBackup?.takenAt ?? null, now) },
    { header: 'NEXT', text: ({ nextBackupAt }) => (nextBackupAt ? distanceInWords(nextBackupAt, now) : NONE) },
    { header: 'BACKUPS', text: ({ backups }) => String(backups), align: 'right' },
  ];
  const problems = hsms.flatMap(({ name, problem }) =>
    problem ? [`\n${style.warn(`${printable(name)}: ${printable(problem.message)}`)}\n  ${printable(problem.hint)}\n`] : [],
  );
  return table(columns, hsms, style.dim) + problems.join('');
}

/** Backups in the order given. */
export function backupTable(backups: readonly BackupView[], io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const now = io.now();
  const columns: Column<BackupView>[] = [
    { header: 'FOLDER', text: ({ folder }) => folder },
    { header: 'TAKEN', text: ({ takenAt }) => ageInWords(takenAt || null, now) },
    { header: 'PROOF', text: ({ proof }) => proof },
    { header: 'STATUS', text: stateOf, paint: (text, { status }) => styleState(style, status, text) },
    { header: 'BLOBS', text: ({ blobs }) => number(blobs), align: 'right' },
    { header: 'SIZE', text: ({ sizeBytes }) => sizeInWords(sizeBytes), align: 'right' },
    { header: 'KEYS', text: ({ keys }) => number(keys), align: 'right' },
  ];
  return table(columns, backups, style.dim);
}

const stateOf = ({ status, adopted, markedAt }: BackupView): string =>
  [status, adopted && 'adopted', markedAt !== undefined && 'marked for deletion'].filter(Boolean).join(', ');

/** Runs in the order given, each with what its worst step says. */
export function runTable(runs: readonly Run[], io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const now = io.now();
  const columns: Column<Run>[] = [
    { header: 'RUN', text: ({ id }) => id },
    { header: 'KIND', text: ({ kind }) => kind },
    { header: 'SUBJECT', text: ({ subject }) => subject },
    { header: 'STATUS', text: ({ status }) => status, paint: (text, { status }) => styleState(style, status, text) },
    { header: 'STARTED', text: ({ startedAt }) => ageInWords(startedAt, now) },
    { header: 'DURATION', text: ({ startedAt, endedAt }) => elapsed(startedAt, endedAt, now), align: 'right' },
    { header: 'STEP', text: (run) => notableStep(run)?.name ?? '' },
  ];
  return table(columns, runs, style.dim);
}

/** The step that a person wants to know of: the one that went wrong, or the one going on. */
function notableStep({ status, steps }: Run): Step | undefined {
  if (status === 'Completed') return undefined;
  return steps.findLast((step) => step.status === status);
}

/** One run with all its steps, and the hints of those that did not simply succeed. */
export function runDetails(run: Run, io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const now = io.now();
  const head = facts(
    [
      ['run', run.id],
      ['kind', run.kind],
      ['subject', run.subject],
      ['status', run.status],
      ['started', `${instant(run.startedAt)} (${ageInWords(run.startedAt, now)})`],
      ['duration', elapsed(run.startedAt, run.endedAt, now)],
      ...Object.entries(run.result ?? {}).map(([name, value]) => [name, asText(value)] as const),
    ],
    style.dim,
  );
  const steps: Column<Step>[] = [
    { header: 'STEP', text: ({ name }) => name },
    { header: 'STATUS', text: ({ status }) => status, paint: (text, { status }) => styleState(style, status, text) },
    { header: 'DURATION', text: ({ startedAt, endedAt }) => elapsed(startedAt, endedAt, now), align: 'right' },
    { header: 'MESSAGE', text: ({ message }) => message ?? '' },
  ];
  const hints = run.steps.flatMap(({ name, hint }) => (hint ? [`\n${style.warn(printable(name))}: ${printable(hint)}\n`] : []));
  return `${head}\n${table(steps, run.steps, style.dim)}${hints.join('')}`;
}

/**
 * A JSON document as names and values, nested ones by path: `manifest.blobs  4`. Lists of objects get a number each.
 * Made for documents that grow fields; what a program needs is in `--json`.
 */
export function documentDetails(document: unknown, io: Io): string {
  const style: Style = styleFor(io.stdout, io.env);
  return facts([...flatten(document)], style.dim);
}

function* flatten(value: unknown, path = ''): Generator<readonly [string, string]> {
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object')) yield [path, value.length === 0 ? NONE : value.join(', ')];
    else for (const [index, item] of value.entries()) yield* flatten(item, `${path}[${index}]`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) yield* flatten(item, path === '' ? name : `${path}.${name}`);
  } else {
    yield [path, asText(value)];
  }
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return NONE;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
