import type { Run } from '../run.ts';
import { localDay, nextPlanned } from '../schedule.ts';
import type { HsmView } from '../views.ts';

/** How the nights of one HSM went. A night is a planned instant of its schedule, told by its day in the configured time zone. */
export type HsmLine = Readonly<{
  hsm: string;
  /** As planned by the schedule that holds now, since hsmkeep is first heard of. */
  nights: number;
  proven: number;
  /** Nights without a proven backup. */
  without: readonly string[];
  /** A night that is not over, and has none yet. */
  open: string | null;
  /** Planned nights of the period before the first run that is known: hsmkeep was not there yet. */
  before: number;
}>;

/** A restore, or a drill. Times are ISO 8601 UTC. */
export type DrillLine = Readonly<{ hsm: string; run: string; at: string; status: string; folder: string | null; proof: string | null }>;
export type RestoreLine = Readonly<{
  hsm: string;
  run: string;
  at: string;
  status: string;
  /** The backup that it restored from. */
  folder: string | null;
  askedBy: string | null;
  approvedBy: string | null;
  approvedAt: string | null;
}>;

/** What retention did in one night: backups marked for deletion and deleted, their second copies deleted, and what a lock kept. */
export type DeletionLine = Readonly<{
  hsm: string;
  run: string;
  at: string;
  marked: number;
  pruned: number;
  copies: number;
  retained: number;
}>;

/** Who asked for a restore and who allowed it, by its id. */
export type Consent = Readonly<{ id: string; askedBy: string; approvedBy: string | null; approvedAt: string | null }>;

/** More planned nights than this are of no schedule that makes sense. */
const NIGHTS_AT_MOST = 10_000;

/** What one HSM's nights are counted from. */
export type Nights = Readonly<{
  hsm: Pick<HsmView, 'name' | 'schedule' | 'timeZone'>;
  /** Its runs of the kind backup that began in the period. */
  runs: readonly Run[];
  /** There were runs before the period. */
  isOlder: boolean;
  from: string;
  to: string;
  madeAt: string;
}>;

/** From its planned instant to before the next one. */
export type Night = Readonly<{ at: string; until: string }>;

/** After the last instant of a schedule that ends. */
const NEVER = '9999-12-31T23:59:59.999Z';

export function hsmLine({ hsm, runs, isOlder, from, to, madeAt }: Nights): HsmLine {
  const known = isOlder ? from : runs.map(({ startedAt }) => startedAt).reduce((a, b) => (a < b ? a : b), NEVER);
  const provenAt = runs.filter(isProven).map(({ startedAt }) => startedAt);
  const planned = nightsOf(hsm, from, to < madeAt ? to : madeAt);
  // The night in which hsmkeep is first heard of began before its run.
  const counted = planned.filter(({ until }) => until > known);
  const unproven = counted.filter(({ at, until }) => !provenAt.some((instant) => instant >= at && instant < until));
  const open = unproven.find(({ until }) => until > madeAt);
  const without = unproven.filter((night) => night !== open);
  const dayOf = ({ at }: Night): string => localDay(at, hsm.timeZone);
  return {
    hsm: hsm.name,
    nights: counted.length - (open ? 1 : 0),
    proven: counted.length - unproven.length,
    without: without.map(dayOf),
    open: open ? dayOf(open) : null,
    before: planned.length - counted.length,
  };
}

const isProven = ({ status, result }: Run): boolean =>
  (status === 'Completed' || status === 'Degraded') && typeof result?.['proof'] === 'string';

function nightsOf(hsm: Nights['hsm'], from: string, to: string): Night[] {
  const nights: Night[] = [];
  let night = firstNight(hsm, from);
  while (night && night.at < to && nights.length < NIGHTS_AT_MOST) {
    nights.push(night);
    night = nightAt(hsm, night.until);
  }
  return nights;
}

/** The first planned night at or after an instant; undefined when none comes any more. */
export const firstNight = (hsm: Nights['hsm'], from: string): Night | undefined =>
  nightAt(hsm, nextPlanned({ pattern: hsm.schedule, timeZone: hsm.timeZone }, new Date(Date.parse(from) - 1).toISOString()));

const nightAt = ({ schedule: pattern, timeZone }: Nights['hsm'], at: string | undefined): Night | undefined =>
  at === undefined ? undefined : { at, until: nextPlanned({ pattern, timeZone }, at) ?? NEVER };

export const drillLine = ({ subject, id, startedAt, status, result }: Run): DrillLine => ({
  hsm: subject,
  run: id,
  at: startedAt,
  status,
  folder: textOf(result?.['folder']),
  proof: textOf(result?.['proof']),
});

export function restoreLine({ subject, id, startedAt, status, result }: Run, consents: readonly Consent[]): RestoreLine {
  const consent = consents.find((one) => one.id === id);
  const { askedBy = null, approvedBy = null, approvedAt = null } = consent ?? {};
  return { hsm: subject, run: id, at: startedAt, status, folder: textOf(result?.['folder']), askedBy, approvedBy, approvedAt };
}

/** Nothing for a night in which nothing was marked or deleted. */
export function deletionLines({ subject, id, startedAt, result }: Run): DeletionLine[] {
  const told = (result?.['retention'] ?? {}) as Partial<Record<string, unknown>>;
  const count = (name: string): number => (typeof told[name] === 'number' ? told[name] : 0);
  const counts = {
    marked: count('marked'),
    pruned: count('pruned'),
    copies: count('copies'),
    retained: count('retained') + count('copiesRetained'),
  };
  const isNothing = Object.values(counts).every((value) => value === 0);
  return isNothing ? [] : [{ hsm: subject, run: id, at: startedAt, ...counts }];
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
