import { rotationOutcome } from '../rotation/outcome.ts';
import type { Requester } from '../rotation/requester.ts';
import type { Run } from '../run.ts';
import { lastWords } from './last-words.ts';

/** One rotation from its request to the end of the old credential, of however many runs. Times are ISO 8601 UTC; null: not known, or not yet. */
export type RotationLine = Readonly<{
  secret: string;
  rotationId: string;
  /** Null: before the period, and only its end is in it. */
  requestedAt: string | null;
  /** What the newest run of it came to. */
  outcome: string;
  by: Requester | null;
  trigger: string | null;
  reason: string | null;
  mode: string | null;
  provider: string | null;
  strategy: string | null;
  policyHash: string | null;
  /** The version replaced, and the new one. */
  base: string | null;
  version: string | null;
  publishedAt: string | null;
  /** When what consumers read was seen to work. */
  verifiedAt: string | null;
  /** How old the replaced version was, and how old the policy lets one become. */
  intervalDays: number | null;
  everyDays: number | null;
  isLate: boolean;
  /** Of a late one: why, as far as runs tell. */
  cause: string | null;
  graceUntil: string | null;
  oldEndedAt: string | null;
  /** What the target said of the old credential afterwards; `refused` is proof. */
  oldCredential: string | null;
  /** Keyed hashes of both values: they differ. */
  fingerprints: Readonly<{ old: string; new: string }> | null;
  runs: readonly string[];
}>;

/** A rotation after a compromise: how long the value that others know stayed valid after somebody said so. */
export type EmergencyLine = Readonly<{
  secret: string;
  rotationId: string;
  by: Requester | null;
  reason: string | null;
  requestedAt: string;
  publishedAt: string | null;
  oldEndedAt: string | null;
  /** From the request to the end of the old credential. */
  minutes: number | null;
}>;

/** What a rotation's run tells in its result. */
type Told = Readonly<
  Partial<
    {
      [Name in
        | 'secret'
        | 'rotationId'
        | 'publishedAt'
        | 'trigger'
        | 'reason'
        | 'mode'
        | 'provider'
        | 'strategy'
        | 'policyHash'
        | 'base'
        | 'version'
        | 'graceUntil']: string;
    } & {
      by: Requester;
      replacedAgeDays: number;
      everyDays: number;
      fingerprints: Readonly<{ old: string; new: string }>;
      retired: Ended;
    }
  >
>;

type Ended = Readonly<{ rotationId: string; base: string | null; at: string; oldCredential?: string }>;

const toldBy = ({ result }: Run): Told => (result ?? {}) as Told;

/** The runs of one rotation, oldest first; and the run in which its old credential ended, when that is known. */
type Rotation = Readonly<{ rotationId: string; runs: readonly Run[]; end: Run | undefined }>;

/** @param runs Of the kind rotation, in any order. @returns Every rotation that was begun, went on or ended, oldest first. */
export function rotationLines(runs: readonly Run[]): RotationLine[] {
  const failures = failuresBySecret(runs);
  return withLaterEnds(rotationsOf(runs).map((rotation) => lineOf(rotation, failures)));
}

/** Where a value is replaced within the grace of the one before, both end together, and only the later rotation tells. */
function withLaterEnds(lines: readonly RotationLine[]): RotationLine[] {
  const later = new Map<string, Pick<RotationLine, 'oldEndedAt' | 'oldCredential'>>();
  return lines
    .toReversed()
    .map((line) => {
      const { secret, publishedAt, oldEndedAt, oldCredential } = line;
      if (oldEndedAt !== null) later.set(secret, { oldEndedAt, oldCredential });
      return oldEndedAt === null && publishedAt !== null ? { ...line, ...later.get(secret) } : line;
    })
    .toReversed();
}

/** @param runs Of the kind rotation, in any order. @returns What was rotated because others knew its value, oldest first. */
export function emergencyLines(runs: readonly Run[]): EmergencyLine[] {
  const leaks = new Map(rotationsOf(runs).map(({ rotationId, runs: own }) => [rotationId, own.find(isOfLeak)]));
  return rotationLines(runs).flatMap(({ secret, rotationId, publishedAt, oldEndedAt }) => {
    const leak = leaks.get(rotationId);
    if (!leak) return [];
    const { by = null, reason = null } = toldBy(leak);
    const minutes = oldEndedAt === null ? null : minutesBetween(leak.startedAt, oldEndedAt);
    return [{ secret, rotationId, by, reason, requestedAt: leak.startedAt, publishedAt, oldEndedAt, minutes }];
  });
}

const isOfLeak = (run: Run): boolean => toldBy(run).mode === 'compromise';

/** To a tenth. */
const minutesBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / 6_000) / 10;

function rotationsOf(runs: readonly Run[]): Rotation[] {
  const byId = new Map<string, Run[]>();
  const ends = new Map<string, Run>();
  for (const run of runs.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))) {
    const { rotationId, retired } = toldBy(run);
    if (retired) ends.set(retired.rotationId, run);
    // One that only ends in the period is listed, too.
    for (const id of new Set([retired?.rotationId, rotationId]))
      if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), ...(id === rotationId ? [run] : [])]);
  }
  return [...byId].map(([rotationId, own]) => ({ rotationId, runs: own, end: ends.get(rotationId) }));
}

function lineOf({ rotationId, runs, end }: Rotation, failures: Failures): RotationLine {
  const ended = end ? toldBy(end) : {};
  const [first] = runs;
  // What a later run found out goes before; who asked is who began it.
  const told: Told = first ? Object.assign({}, ...runs.map(toldBy)) : howOf(ended);
  const { by = null, trigger = null, reason = null, mode = null } = first ? toldBy(first) : {};
  const { secret = '', replacedAgeDays: intervalDays = null, everyDays = null, publishedAt = null } = told;
  const isLate = intervalDays !== null && everyDays !== null && intervalDays > everyDays + toleranceDays(everyDays);
  return {
    secret,
    rotationId,
    requestedAt: first?.startedAt ?? null,
    outcome: runs.map(rotationOutcome).at(-1) ?? 'retired',
    by,
    trigger,
    reason,
    mode: runs.some(isOfLeak) ? 'compromise' : mode,
    provider: told.provider ?? null,
    strategy: told.strategy ?? null,
    policyHash: told.policyHash ?? null,
    base: told.base ?? ended.retired?.base ?? null,
    version: told.version ?? null,
    publishedAt,
    verifiedAt: runs.flatMap(({ steps }) => steps.filter(isConfirmed).map(({ endedAt }) => endedAt)).at(-1) ?? null,
    intervalDays,
    everyDays,
    isLate,
    cause: isLate ? causeOf(secret, publishedAt, failures) : null,
    graceUntil: told.graceUntil ?? null,
    oldEndedAt: ended.retired?.at ?? null,
    oldCredential: ended.retired?.oldCredential ?? null,
    fingerprints: told.fingerprints ?? null,
    runs: runs.map(({ id }) => id),
  };
}

/** Of a run that ended the old credential of a rotation, and may then have begun the next: what holds for both. */
const howOf = ({ secret, provider, strategy }: Told): Told => ({
  ...(secret !== undefined && { secret }),
  ...(provider !== undefined && { provider }),
  ...(strategy !== undefined && { strategy }),
});

const isConfirmed = ({ name, status }: Run['steps'][number]): boolean => name === 'Confirm' && status === 'Completed';

/** The sweep comes every hour and a window may be as long as a night: nobody is late by that. */
const toleranceDays = (everyDays: number): number => Math.min(1, everyDays / 10);

/** Of each secret the runs that failed, oldest first. */
type Failures = ReadonlyMap<string, readonly Run[]>;

function failuresBySecret(runs: readonly Run[]): Failures {
  const found = new Map<string, Run[]>();
  for (const run of runs.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))) {
    const { secret } = toldBy(run);
    if (run.status === 'Failed' && secret !== undefined) found.set(secret, [...(found.get(secret) ?? []), run]);
  }
  return found;
}

/** What the newest failure on the secret said, before it was rotated at last. */
function causeOf(secret: string, publishedAt: string | null, failures: Failures): string {
  const before = (failures.get(secret) ?? []).filter(({ startedAt }) => publishedAt === null || startedAt < publishedAt);
  if (before.length === 0) return 'no run failed in the period: hsmkeep did not run, only observed, or waited for a window';
  return lastWords(before) ?? 'a run failed and said no more';
}
