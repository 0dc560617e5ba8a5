import type { RunKind } from './run.ts';

const compact = (instant: string): string => instant.replace(/[-:.]/g, '');

/** The id of a planned run: one for each HSM (or vault) and planned instant, so that a second start finds the first. A sweep is no run that is shown. */
export const plannedRunId = (kind: RunKind | 'sweep', subject: string, plannedAt: string): string =>
  `${kind}-${subject}-${compact(plannedAt).slice(0, 'yyyyMMddTHHmm'.length)}Z`;

/** The id of a run that a person asked for: the instant to the millisecond. */
export const requestedRunId = (kind: RunKind, subject: string, at: string): string => `${kind}-${subject}-${compact(at)}`;

const RUN_ID = /^(?<kind>backup|adopt|prune|pre-restore|restore|drill|rotation)-(?<subject>.+)-(?<year>\d{4})(?<month>\d\d)\d\dT\d{4,9}Z$/;

/** What a run's id tells. */
export type ParsedRunId = Readonly<{ kind: RunKind; subject: string; year: string; month: string }>;

/** Reads a run's id; undefined for anything else. */
export function parseRunId(id: string): ParsedRunId | undefined {
  const groups = RUN_ID.exec(id)?.groups as ParsedRunId | undefined;
  return groups && { ...groups };
}

/** Where a run's document lies in the app's container: by the month in its id. Undefined when it is no run's id. */
export function runPath(id: string): string | undefined {
  const parsed = parseRunId(id);
  return parsed && `runs/${parsed.year}/${parsed.month}/${id}.json`;
}

const AT_THE_END = /-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?(\d{3})?Z$/;

/** When a run was planned, or asked for, as its id tells: ISO 8601 UTC. Undefined when it is no run's id. */
export function startOfRunId(id: string): string | undefined {
  const [, year, month, day, hour, minute, second = '00', ms = '000'] = AT_THE_END.exec(id) ?? [];
  return year === undefined ? undefined : `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`;
}

/** Whether a run was planned by a schedule; all others carry the instant to the millisecond. */
export const isPlannedRunId = (id: string): boolean => /T\d{4}Z$/.test(id);
