import { plannedRunId } from './run-id.ts';
import { jitterMinutes, latestPlanned, nextPlanned, type Schedule } from './schedule.ts';

export type DueKind = 'backup' | 'pre-restore' | 'drill';

/** What the schedule needs to know of one HSM. */
export type ScheduledHsm = Readonly<{
  name: string;
  schedule: string;
  jitterMinutes: number;
  preRestore: 'off' | 'nightly' | 'weekly';
  drill?: Readonly<{ schedule: string }>;
}>;

/** The latest planned instant that was started, ISO 8601 UTC, by `startKey`. */
export type LastStarts = Readonly<Record<string, string>>;

export type DueRun = Readonly<{ kind: DueKind; hsm: string; plannedAt: string; instanceId: string }>;

/** A look at all secrets of a vault. `lookMs`: time since the one before; null when there was none. */
export type DueSweep = Readonly<{ kind: 'sweep'; vault: string; plannedAt: string; instanceId: string; lookMs: number | null }>;

/** @param subject Name of the HSM or vault. */
export const startKey = (kind: DueKind | 'sweep', subject: string): string => `${kind}/${subject}`;

/** A pre-restore check reads the backup of the night, so it comes this long after it was planned. */
const PRE_RESTORE_AFTER_MS = 3_600_000;

/** Of a first start only what was planned within a day is caught up: a new HSM gets a backup at once, not one for last week. */
const FIRST_CATCH_UP_MS = 24 * 3_600_000;

/**
 * Decides what is due. Of a gap, only the latest planned instant is caught up. A planned instant is due once its jitter has passed.
 *
 * @param now ISO 8601 UTC.
 * @returns At most one run for each HSM and kind.
 */
export function dueRuns(
  config: Readonly<{ timeZone: string; hsms: readonly ScheduledHsm[] }>,
  lastStarts: LastStarts,
  now: string,
): DueRun[] {
  return config.hsms.flatMap((hsm) =>
    kindsOf(hsm).flatMap((kind): DueRun[] => {
      const pattern = kind === 'drill' && hsm.drill ? hsm.drill.schedule : hsm.schedule;
      const plannedAt = latestDue(kind, { pattern, timeZone: config.timeZone }, hsm, now);
      if (plannedAt === undefined || !isNews(plannedAt, lastStarts[startKey(kind, hsm.name)], now)) return [];
      return [{ kind, hsm: hsm.name, plannedAt, instanceId: plannedRunId(kind, hsm.name, plannedAt) }];
    }),
  );
}

/** Vaults are looked at in different minutes of the hour. */
const SWEEP_JITTER_MINUTES = 30;

/**
 * Decides which vaults are to be looked at: those with rotation on, once in the hour. Missed hours are not caught up, one look finds all.
 *
 * @param now ISO 8601 UTC.
 */
export function dueSweeps(
  vaults: readonly Readonly<{ name: string; rotation: 'observe' | 'on' }>[],
  lastStarts: LastStarts,
  now: string,
): DueSweep[] {
  return vaults
    .filter(({ rotation }) => rotation === 'on')
    .flatMap(({ name }): DueSweep[] => {
      const hour = before(now, jitterMinutes(name, SWEEP_JITTER_MINUTES) * 60_000).slice(0, 'yyyy-MM-ddTHH'.length);
      const plannedAt = `${hour}:00:00.000Z`;
      const last = lastStarts[startKey('sweep', name)];
      if (last !== undefined && plannedAt <= last) return [];
      const lookMs = last === undefined ? null : Date.parse(plannedAt) - Date.parse(last);
      return [{ kind: 'sweep', vault: name, plannedAt, instanceId: plannedRunId('sweep', name, plannedAt), lookMs }];
    });
}

/** When the next backup of an HSM will start, its jitter included; ISO 8601 UTC, undefined when it never will. */
export function nextBackupAt(hsm: ScheduledHsm, timeZone: string, now: string): string | undefined {
  const planned = nextPlanned({ pattern: hsm.schedule, timeZone }, before(now, jitterMs(hsm)));
  return planned && before(planned, -jitterMs(hsm));
}

const kindsOf = ({ preRestore, drill }: ScheduledHsm): DueKind[] => [
  'backup',
  ...(preRestore === 'off' ? [] : ['pre-restore' as const]),
  ...(drill ? ['drill' as const] : []),
];
const jitterMs = (hsm: ScheduledHsm): number => jitterMinutes(hsm.name, hsm.jitterMinutes) * 60_000;
const before = (instant: string, ms: number): string => new Date(Date.parse(instant) - ms).toISOString();

function latestDue(kind: DueKind, schedule: Schedule, hsm: ScheduledHsm, now: string): string | undefined {
  const delayMs = jitterMs(hsm) + (kind === 'pre-restore' ? PRE_RESTORE_AFTER_MS : 0);
  const planned = latestPlanned(schedule, before(now, delayMs));
  if (planned === undefined || kind !== 'pre-restore' || hsm.preRestore !== 'weekly') return planned;
  return latestSunday(schedule, planned);
}

/** The latest planned instant of a Sunday (in the schedule's zone) at or before this one; a weekly check follows that night's backup. */
function latestSunday(schedule: Schedule, planned: string): string | undefined {
  const week = Array.from({ length: 7 }, (_, days) => latestPlanned(schedule, before(planned, days * 24 * 3_600_000)));
  return week.find((instant) => instant !== undefined && weekday(instant, schedule.timeZone) === 'Sun');
}

const weekday = (instant: string, timeZone: string): string =>
  new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'short' }).format(new Date(instant));

const isNews = (plannedAt: string, lastStart: string | undefined, now: string): boolean =>
  lastStart === undefined ? plannedAt > before(now, FIRST_CATCH_UP_MS) : plannedAt > lastStart;
