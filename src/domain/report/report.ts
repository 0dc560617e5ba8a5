import type { SecretView } from '../rotation/secret-view.ts';
import type { Run } from '../run.ts';
import { startOfRunId } from '../run-id.ts';
import type { Problem } from '../views.ts';
import {
  type ExceptionLine,
  exceptionsOfHsm,
  exceptionsOfRotation,
  exceptionsOfRuns,
  exceptionsOfSecret,
  goneSecrets,
  type ReportedHsm,
  unknownHsms,
} from './exceptions.ts';
import {
  type Consent,
  type DeletionLine,
  type DrillLine,
  deletionLines,
  drillLine,
  type HsmLine,
  hsmLine,
  type RestoreLine,
  restoreLine,
} from './hsms.ts';
import { type EmergencyLine, emergencyLines, type RotationLine, rotationLines } from './rotations.ts';

/** One secret of the population, managed or not. */
export type SecretLine = Readonly<{
  secret: string;
  owner: string | null;
  state: SecretView['state'];
  provider: string | null;
  everyDays: number | null;
  ageDays: number;
  dueAt: string | null;
  expiresAt: string | null;
  /** Actual intervals that ended within the period, in days, oldest first; and how many of them were late. */
  intervalsDays: readonly number[];
  late: number;
}>;

/** The runs of the period beside the audit trail: each has to be in both. */
export type TrailCheck = Readonly<{
  /** That have ended. */
  runs: number;
  notInTrail: readonly string[];
  /** Their records are gone. */
  onlyInTrail: readonly string[];
  /** Lines of the trail that are no audit events. */
  unreadable: number;
}>;

/** A part of the report that could not be had, so that what it says is not all. `of`: the vault, HSM or restore that it is about. */
export type MissingPart = Readonly<{ part: 'runs' | 'secrets' | 'hsms' | 'consents' | 'trail'; of: string | null }> & Problem;

/** What happened in a period, from `from` to before `to`, for auditors. Times are ISO 8601 UTC. */
export type Report = Readonly<{
  schema: 'hsmkeep.report/1';
  from: string;
  to: string;
  madeAt: string;
  secrets: readonly SecretLine[];
  rotations: readonly RotationLine[];
  emergencies: readonly EmergencyLine[];
  exceptions: readonly ExceptionLine[];
  hsms: readonly HsmLine[];
  drills: readonly DrillLine[];
  restores: readonly RestoreLine[];
  deletions: readonly DeletionLine[];
  /** Null when runs or the trail could not be read. */
  trail: TrailCheck | null;
  /** Empty: the report is complete. */
  missing: readonly MissingPart[];
}>;

/** What the audit trail has: ids of the runs whose end it tells, and how many of its lines are no audit events. */
export type Trail = Readonly<{ runs: readonly string[]; unreadable: number }>;

/** What a report is made of. */
export type ReportSources = Readonly<{
  from: string;
  to: string;
  madeAt: string;
  secrets: readonly SecretView[];
  hsms: readonly ReportedHsm[];
  /** All that were planned or asked for in the period. */
  runs: readonly Run[];
  /** HSMs that had runs before the period, too. */
  older: readonly string[];
  consents: readonly Consent[];
  trail: Trail;
  missing: readonly MissingPart[];
}>;

export function makeReport(sources: ReportSources): Report {
  const { from, to, madeAt, secrets, hsms, runs, older, consents, trail, missing } = sources;
  const of = (kind: Run['kind']): Run[] => runs.filter((run) => run.kind === kind);
  const lacks = (part: MissingPart['part']): boolean => missing.some((one) => one.part === part);
  const rotations = rotationLines(of('rotation'));
  const owners = new Map(secrets.map((view) => [refOf(view), view.owner]));
  const [backups, restores] = [of('backup'), of('restore')];
  const nights = hsms.map((hsm) => {
    const own = backups.filter(({ subject }) => subject === hsm.name);
    return { hsm, line: hsmLine({ hsm, runs: own, isOlder: older.includes(hsm.name), from, to, madeAt }) };
  });
  return {
    schema: 'hsmkeep.report/1',
    from,
    to,
    madeAt,
    secrets: secretLines(secrets, rotations),
    rotations,
    emergencies: emergencyLines(of('rotation')),
    exceptions: [
      ...secrets.flatMap((view) => exceptionsOfSecret(view, madeAt)),
      ...rotations.flatMap((line) => exceptionsOfRotation(line, owners.get(line.secret.toLowerCase()) ?? null)),
      ...(lacks('secrets') ? [] : goneSecrets(rotations, new Set(owners.keys()))),
      ...nights.flatMap(({ hsm, line }) => exceptionsOfHsm(hsm, line)),
      ...(lacks('hsms') ? [] : unknownHsms(backups, new Set(hsms.map(({ name }) => name)))),
      ...exceptionsOfRuns(runs),
    ],
    hsms: nights.map(({ line }) => line),
    drills: of('drill').map(drillLine),
    restores: restores.map((run) => restoreLine(run, consents)),
    deletions: [...backups, ...restores, ...of('drill')].flatMap(deletionLines),
    trail: lacks('trail') || lacks('runs') ? null : checkTrail(runs, trail, from, to),
    missing,
  };
}

/** Names of vaults and secrets do not tell capitals from small letters. */
const refOf = ({ vault, name }: SecretView): string => `${vault}/${name}`.toLowerCase();

function secretLines(secrets: readonly SecretView[], rotations: readonly RotationLine[]): SecretLine[] {
  const bySecret = new Map<string, RotationLine[]>();
  for (const line of rotations) {
    const key = line.secret.toLowerCase();
    bySecret.set(key, [...(bySecret.get(key) ?? []), line]);
  }
  return secrets.map((view) => {
    const { vault, name, owner, state, provider, everyDays, ageDays, dueAt, expiresAt } = view;
    const own = bySecret.get(refOf(view)) ?? [];
    const intervalsDays = own.flatMap(({ intervalDays }) => (intervalDays === null ? [] : [intervalDays]));
    const late = own.filter(({ isLate }) => isLate).length;
    return { secret: `${vault}/${name}`, owner, state, provider, everyDays, ageDays, dueAt, expiresAt, intervalsDays, late };
  });
}

function checkTrail(runs: readonly Run[], trail: Trail, from: string, to: string): TrailCheck {
  const ended = runs.filter(({ endedAt }) => endedAt !== null).map(({ id }) => id);
  const [known, told] = [new Set(runs.map(({ id }) => id)), new Set(trail.runs)];
  const isOfPeriod = (id: string): boolean => {
    const at = startOfRunId(id);
    return at !== undefined && at >= from && at < to;
  };
  return {
    runs: ended.length,
    notInTrail: ended.filter((id) => !told.has(id)),
    onlyInTrail: [...told].filter((id) => !known.has(id) && isOfPeriod(id)),
    unreadable: trail.unreadable,
  };
}
