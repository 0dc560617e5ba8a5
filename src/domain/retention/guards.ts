import { counted, countedAre, isOrAre, named } from './phrases.ts';
import { isEmptyPolicy, type RetentionPolicy } from './policy.ts';
import { type DatedBackup, isCandidate, LATEST_MS, type RetainedBackup } from './retained-backup.ts';

/** What stopped a plan. */
export type Guard =
  | 'empty-policy'
  | 'incomplete-listing'
  | 'malformed-name'
  | 'records-disagree'
  | 'clock-skew'
  | 'duplicate-id'
  | 'unreadable-time'
  | 'future-backup'
  | 'newest-unproven'
  | 'floor'
  | 'brake';

/**
 * Why nothing may be deleted: what happened, what to do, and the backups it is about. `planHash`: what an approval of a brake must name.
 */
export type Refusal = Readonly<{ guard: Guard; message: string; hint: string; ids: readonly string[]; planHash?: string }>;

/** What storage says beyond the backups themselves. */
export type ListingFacts = Readonly<{
  /** The listing of the container, and the reading of the records, came to their ends. */
  complete: boolean;
  /** See `sortPrefixes`. */
  malformed: readonly string[];
  /** See `disagreements`. */
  disagreeing: readonly string[];
  /** Backups whose records were damaged, or are of a version that is not known. */
  unreliable: readonly string[];
  /** Storage's clock less ours, in milliseconds; null when it could not be read. */
  clockSkewMs: number | null;
}>;

/** The most that a backup's time, or storage's clock, may differ from ours. */
export const TOLERATED_SKEW_MS = 5 * 60_000;

/** All that the guards look at; `nowMs` is not a number when the time could not be read. */
export type Guarded = Readonly<{
  policy: RetentionPolicy;
  /** As they were given. */
  given: readonly RetainedBackup[];
  /** The same, newest first. */
  backups: readonly DatedBackup[];
  listing: ListingFacts;
  nowMs: number;
}>;

/** Whether the plan may be made at all: the first guard that says no, in the order of how much it puts in doubt. */
export function firstRefusal(guarded: Guarded): Refusal | undefined {
  for (const guard of GUARDS) {
    const refusal = guard(guarded);
    if (refusal) return refusal;
  }
  return undefined;
}

type GuardFunction = (guarded: Guarded) => Refusal | undefined;

const emptyPolicy: GuardFunction = ({ policy }) =>
  isEmptyPolicy(policy.rules)
    ? {
        guard: 'empty-policy',
        message: 'No rule of the policy is on: it would keep nothing.',
        hint: 'Set at least one rule, such as "daily": 14. To keep everything, set "last": -1.',
        ids: [],
      }
    : undefined;

const incompleteListing: GuardFunction = ({ listing }) =>
  listing.complete
    ? undefined
    : {
        guard: 'incomplete-listing',
        message: 'The backups could not be listed to the end, so which one is the last good one is not known.',
        hint: 'Look at what storage answered; the next run lists again.',
        ids: [],
      };

const malformedName: GuardFunction = ({ listing: { malformed } }) =>
  malformed.length === 0
    ? undefined
    : {
        guard: 'malformed-name',
        message: `${countedAre(malformed.length, 'folder')} not named as the backups of this HSM are, though it begins so: ${named(malformed)}.`,
        hint: 'See who wrote there. Move what is no backup out of the container, or rename it so that it does not begin as a backup of this HSM.',
        ids: malformed,
      };

const recordsUnreliable: GuardFunction = ({ listing: { unreliable } }) =>
  unreliable.length === 0
    ? undefined
    : {
        guard: 'records-disagree',
        message: `What is recorded of ${counted(unreliable.length, 'backup')} cannot be relied on: ${named(unreliable)}.`,
        hint: 'See what is wrong with it, and how to mend it: hsmkeep backup show <folder>. Find out who changed it, if anybody did (the storage account logs it).',
        ids: unreliable,
      };

const recordsDisagree: GuardFunction = ({ listing: { disagreeing } }) =>
  disagreeing.length === 0
    ? undefined
    : {
        guard: 'records-disagree',
        message: `Storage does not hold what the records say of ${counted(disagreeing.length, 'backup')}: ${named(disagreeing)}.`,
        hint: 'Find out who removed or changed the folders (the storage account logs it), restore them if you can, then run `hsmkeep catalogue rebuild`.',
        ids: disagreeing,
      };

const clockSkew: GuardFunction = ({ listing: { clockSkewMs }, nowMs }) => {
  if (!Number.isNaN(nowMs) && clockSkewMs !== null && Math.abs(clockSkewMs) <= TOLERATED_SKEW_MS) return undefined;
  const known = clockSkewMs !== null && Number.isFinite(clockSkewMs);
  return {
    guard: 'clock-skew',
    message:
      known && !Number.isNaN(nowMs)
        ? `The clock of storage and that of this app differ by ${Math.round(Math.abs(clockSkewMs) / 1000)} seconds; 300 are tolerated.`
        : 'What time it is could not be read, so how old a backup is is not known.',
    hint: 'Mend the clock of the machine that runs hsmkeep; the next run compares again.',
    ids: [],
  };
};

const duplicateId: GuardFunction = ({ given, backups }) => {
  if (isDescending(backups)) return undefined;
  const seen = new Set<string>();
  for (const { id } of given) seen.add(id);
  if (seen.size === given.length) return undefined;
  const ids = given.map(({ id }) => id).filter((id) => !seen.delete(id));
  return {
    guard: 'duplicate-id',
    message: `${countedAre(ids.length, 'backup')} listed more than once: ${named(ids)}.`,
    hint: 'An id must stand for one backup: see where the list comes from.',
    ids,
  };
};

const unreadableTime: GuardFunction = ({ backups }) => {
  const ids = idsLaterThan(LATEST_MS, backups);
  return ids.length === 0
    ? undefined
    : {
        guard: 'unreadable-time',
        message: `The time of ${counted(ids.length, 'backup')} cannot be read: ${named(ids)}.`,
        hint: 'A time is ISO 8601 with an offset, such as 2026-11-22T02:00:00Z. Mend the record, or run `hsmkeep catalogue rebuild`.',
        ids,
      };
};

const futureBackup: GuardFunction = ({ backups, nowMs }) => {
  const ids = idsLaterThan(nowMs + TOLERATED_SKEW_MS, backups);
  return ids.length === 0
    ? undefined
    : {
        guard: 'future-backup',
        message: `${countedAre(ids.length, 'backup')} dated later than now plus 5 minutes, and would stand in for good ones: ${named(ids)}.`,
        hint: 'Compare the clocks of the HSM and of this machine. If the date is wrong for good, move the folder out of the container.',
        ids,
      };
};

/**
 * A failed night leaves every older backup alone. A newer one that was hashed, and only waits for a higher level, is no failure: the newest proven
 * one stays, and nothing that is newer than it goes.
 */
const newestUnproven: GuardFunction = ({ policy: { protection }, backups }) => {
  const newest = backups.find(({ backup }) => isCandidate(backup, protection.countsFrom));
  const ids =
    newest === undefined
      ? []
      : laterThan(newest.takenMs, backups)
          .filter((backup) => !isCandidate(backup, 'L1'))
          .map(({ id }) => id);
  return newest === undefined || ids.length === 0
    ? undefined
    : {
        guard: 'newest-unproven',
        message: `No backup since ${newest.backup.takenAt} is proven to ${protection.countsFrom}: ${named(ids)} ${isOrAre(ids.length)} not.`,
        hint: 'Nothing older is deleted until a newer backup is proven: see why it is not, or take one now with `hsmkeep backup now`.',
        ids,
      };
};

/** Where there are backups, one must be proven whatever the floor is: without any, one that failed may be the best there is. */
const floor: GuardFunction = ({ policy: { protection }, backups }) => {
  const fewest = Math.max(protection.floor, backups.length > 0 ? 1 : 0);
  const ids: string[] = [];
  for (const { backup } of backups) {
    if (ids.length >= fewest) break;
    if (isCandidate(backup, protection.countsFrom)) ids.push(backup.id);
  }
  if (ids.length >= fewest) return undefined;
  return {
    guard: 'floor',
    message: `There ${isOrAre(ids.length)} ${counted(ids.length, 'backup')} proven to ${protection.countsFrom} or above; the floor is ${fewest}.`,
    hint: 'Nothing is deleted until there are enough: let the nightly runs add to them, or prove older ones (adopt, pre-restore).',
    ids,
  };
};

const GUARDS: readonly GuardFunction[] = [
  emptyPolicy,
  incompleteListing,
  malformedName,
  recordsUnreliable,
  recordsDisagree,
  clockSkew,
  duplicateId,
  unreadableTime,
  futureBackup,
  newestUnproven,
  floor,
];

/** Folders are named by their times: newest first, their names descend, and so none is there twice. That is seen much faster than looked up. */
const isDescending = (backups: readonly DatedBackup[]): boolean => {
  let newer: string | undefined;
  for (const { backup } of backups) {
    if (newer !== undefined && backup.id >= newer) return false;
    newer = backup.id;
  }
  return true;
};

/** The backups after an instant; newest first, they lie in front. */
function laterThan(instantMs: number, backups: readonly DatedBackup[]): RetainedBackup[] {
  const first = backups.findIndex(({ takenMs }) => takenMs <= instantMs);
  return backups.slice(0, first === -1 ? backups.length : first).map(({ backup }) => backup);
}

const idsLaterThan = (instantMs: number, backups: readonly DatedBackup[]): string[] => laterThan(instantMs, backups).map(({ id }) => id);
