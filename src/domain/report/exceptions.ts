import type { SecretView } from '../rotation/secret-view.ts';
import type { Run, RunStatus } from '../run.ts';
import { isPlannedRunId } from '../run-id.ts';
import type { HsmView } from '../views.ts';
import type { HsmLine } from './hsms.ts';
import { lastWords } from './last-words.ts';
import type { RotationLine } from './rotations.ts';

/** Something that is not as the rules want it, for an auditor to ask after. `since`: ISO 8601 UTC. */
export type ExceptionLine = Readonly<{
  what:
    | 'unmanaged'
    | 'only observed'
    | 'overdue'
    | 'rotation unfinished'
    | 'old credential not ended'
    | 'late'
    | 'old credential not proven dead'
    | 'secret no longer there'
    | 'HSM overdue'
    | 'nights without a proven backup'
    | 'HSM no longer configured'
    | 'failed'
    | 'degraded'
    | 'canceled';
  subject: string;
  owner: string | null;
  since: string | null;
  detail: string;
}>;

/** What a report takes from how an HSM stands now. */
export type ReportedHsm = Pick<HsmView, 'name' | 'schedule' | 'timeZone' | 'status' | 'newestProven' | 'maxAgeHours'>;

/** How a secret stands now. An unmanaged one is an exception, too: nobody rotates it. */
export function exceptionsOfSecret(view: SecretView, now: string): ExceptionLine[] {
  const { vault, name, state, owner, createdAt, dueAt, graceUntil, windowOpensAt, rotation, unmanagedBecause } = view;
  const waiting = windowOpensAt ? `; it waits for its window, which opens ${windowOpensAt}` : '';
  const line = (what: ExceptionLine['what'], since: string | null, detail: string): ExceptionLine => ({
    what,
    subject: `${vault}/${name}`,
    owner,
    since,
    detail,
  });
  if (state === 'unmanaged') {
    const isTakenOut = unmanagedBecause === 'taken-out';
    return [line('unmanaged', createdAt, isTakenOut ? 'a person took it out of management' : 'it never was managed')];
  }
  return [
    ...(rotation === 'observe' ? [line('only observed', null, 'rotation of its vault is not on')] : []),
    ...(dueAt !== null && dueAt < now ? [line('overdue', dueAt, `it should have been rotated${waiting}`)] : []),
    ...(state === 'rotating' ? [line('rotation unfinished', null, 'a rotation is under way, or was broken off')] : []),
    ...(state === 'retiring' ? [line('old credential not ended', graceUntil, `its grace is over${waiting}`)] : []),
  ];
}

/** What was not as it should be in one rotation of the period. */
export function exceptionsOfRotation(rotation: RotationLine, owner: string | null): ExceptionLine[] {
  const { secret: subject, publishedAt, isLate, intervalDays, everyDays, cause, oldEndedAt, oldCredential } = rotation;
  const unproven = oldEndedAt === null ? undefined : UNPROVEN[oldCredential ?? 'unknown'];
  return [
    ...(isLate
      ? [
          {
            what: 'late',
            subject,
            owner,
            since: publishedAt,
            detail: `after ${intervalDays} days in place of ${everyDays}: ${cause}`,
          } as const,
        ]
      : []),
    ...(unproven === undefined
      ? []
      : [{ what: 'old credential not proven dead', subject, owner, since: oldEndedAt, detail: unproven } as const]),
  ];
}

/** What else can be known of an old credential: see what the step Retire tells. */
const UNPROVEN: Readonly<Partial<Record<string, string>>> = {
  accepted: 'the target still accepted it when it was asked last',
  unknown: 'the target gave no clear answer',
  'same-value': 'the version that replaced it has the very same value',
  'not-there': 'the old version could not be read any more',
  'no-target': 'there is no target to ask: whoever reads the value decides for how long the old one is good',
};

/** Secrets that were rotated in the period and are in no vault now, so that the population lacks them. `there`: in small letters. */
export function goneSecrets(rotations: readonly RotationLine[], there: ReadonlySet<string>): ExceptionLine[] {
  const newest = new Map(rotations.map((line) => [line.secret.toLowerCase(), line]));
  return [...newest]
    .filter(([secret]) => !there.has(secret))
    .map(([, { secret: subject, requestedAt, oldEndedAt }]) => ({
      what: 'secret no longer there',
      subject,
      owner: null,
      since: null,
      detail: `it was last worked on at ${requestedAt ?? oldEndedAt}; its vault does not list it, or is not configured any more`,
    }));
}

/** How an HSM stands now, and the nights of the period that have no proven backup. */
export function exceptionsOfHsm(
  { name: subject, status, newestProven, maxAgeHours }: ReportedHsm,
  { nights, without }: HsmLine,
): ExceptionLine[] {
  const line = (what: ExceptionLine['what'], since: string | null, detail: string): ExceptionLine => ({
    what,
    subject,
    owner: null,
    since,
    detail,
  });
  const since = newestProven?.takenAt ?? null;
  return [
    ...(status === 'overdue'
      ? [line('HSM overdue', since, `since this proven backup, more than ${maxAgeHours} hours ago, there is no newer one`)]
      : []),
    ...(status === 'never' ? [line('HSM overdue', null, 'it has no proven backup at all')] : []),
    ...(without.length > 0 ? [line('nights without a proven backup', null, `${without.length} of ${nights}: ${without.join(', ')}`)] : []),
  ];
}

/** HSMs that were backed up by schedule in the period and that nobody backs up now; those that drills go into are backed up when there is need. */
export function unknownHsms(backups: readonly Run[], configured: ReadonlySet<string>): ExceptionLine[] {
  const planned = backups.filter(({ id }) => isPlannedRunId(id));
  const newest = new Map(planned.toSorted(oldestFirst).map((run) => [run.subject, run]));
  return [...newest]
    .filter(([hsm]) => !configured.has(hsm))
    .map(([subject, { startedAt }]) => ({
      what: 'HSM no longer configured',
      subject,
      owner: null,
      since: startedAt,
      detail: 'since this backup, its last, nobody backs it up',
    }));
}

const oldestFirst = (a: Run, b: Run): number => (a.startedAt < b.startedAt ? -1 : 1);

const isRefusal = ({ steps }: Run): boolean => steps.some(({ failure }) => failure?.kind === 'not-now');

const ENDINGS = { Failed: 'failed', Degraded: 'degraded', Canceled: 'canceled' } as const satisfies Partial<Record<RunStatus, string>>;

/**
 * Runs that did not end well: one line for each thing and ending, with what the newest of them said. What somebody asked for at a wrong time,
 * and was refused, is none.
 */
export function exceptionsOfRuns(runs: readonly Run[]): ExceptionLine[] {
  return Object.entries(ENDINGS).flatMap(([status, what]) => {
    const bySubject = new Map<string, Readonly<{ since: string; runs: readonly Run[] }>>();
    for (const run of runs.toSorted(oldestFirst).filter((one) => one.status === status && !isRefusal(one))) {
      const subject = `${run.kind} of ${run.subject}`;
      const { since, runs: before } = bySubject.get(subject) ?? { since: run.startedAt, runs: [] };
      bySubject.set(subject, { since, runs: [...before, run] });
    }
    return [...bySubject].map(([subject, { since, runs: own }]) => {
      const words = lastWords(own) ?? 'it said no more';
      return { what, subject, owner: null, since, detail: own.length === 1 ? words : `${own.length} times, the last time: ${words}` };
    });
  });
}
