import type { RetentionPlan } from './plan.ts';
import { isMarked, LATEST_MS, type RetainedBackup } from './retained-backup.ts';

/** How far pruning goes: only look, mark what a plan forgets, or also delete what was marked long enough ago. */
export type PruneMode = 'observe' | 'mark' | 'delete';

/** What a plan leads to. A backup is in one of the lists at most; each is oldest first. */
export type MarkChanges = Readonly<{
  /** To be marked now: forgotten, and not marked yet. */
  mark: readonly string[];
  /** To lose their marks: the plan keeps them again. */
  lift: readonly string[];
  /** Marked and still forgotten, and from when on they may be deleted (ISO 8601 UTC). */
  waiting: readonly Readonly<{ id: string; deletableAt: string }>[];
  /** To be deleted now: marked by an earlier run, `undoDays` ago or more, and still forgotten. */
  prune: readonly string[];
}>;

const DAY_MS = 24 * 3_600_000;
const NO_CHANGES: MarkChanges = { mark: [], lift: [], waiting: [], prune: [] };

/**
 * The two phases of deleting. A backup that a plan forgets is first marked; a later run deletes it, once its mark is `undoDays` old, if
 * the plan of that run forgets it still. A refused plan changes nothing, not even marks: it says nothing about them.
 *
 * @param plan Made of these backups, just now.
 */
export function decideMarks(plan: RetentionPlan, backups: readonly RetainedBackup[], mode: PruneMode, undoDays: number): MarkChanges {
  if (plan.refused || mode === 'observe') return NO_CHANGES;
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const oldestFirst = plan.decisions.toReversed().flatMap(({ id, keep }) => {
    const backup = byId.get(id);
    return backup ? [{ id, keep, backup }] : [];
  });

  const marked = oldestFirst.filter(({ backup }) => isMarked(backup));
  const forgotten = marked.filter(({ keep }) => !keep).map(({ id, backup }) => ({ id, deletableAt: deletableAt(backup, undoDays) }));
  const isDue = ({ deletableAt }: { deletableAt: string }): boolean => mode === 'delete' && Date.parse(deletableAt) <= Date.parse(plan.now);
  return {
    mark: oldestFirst.filter(({ keep, backup }) => !keep && !isMarked(backup)).map(({ id }) => id),
    lift: marked.filter(({ keep }) => keep).map(({ id }) => id),
    waiting: forgotten.filter((item) => !isDue(item)),
    prune: forgotten.filter(isDue).map(({ id }) => id),
  };
}

/**
 * Brings a marked backup back. The next plan that forgets it marks it anew, with the whole time to think it over; a hold keeps it for good.
 *
 * @returns The backup without its mark; the same when it has none.
 */
export function undoMark(backup: RetainedBackup): RetainedBackup {
  const { markedAt: _, ...rest } = backup;
  return backup.markedAt === undefined ? backup : rest;
}

/** When a marked backup may be deleted, ISO 8601 UTC. */
const deletableAt = ({ markedAt = '' }: RetainedBackup, undoDays: number): string =>
  new Date(Math.min(Date.parse(markedAt) + undoDays * DAY_MS, LATEST_MS)).toISOString();
