import type { PruningSummary } from './pruning.ts';
import { counted } from './retention/phrases.ts';
import type { Problem } from './views.ts';

/**
 * What a run did about the backups that its plan forgets, and about second copies of those that were pruned before. `retained`: those of which
 * blobs are under a policy or hold of the storage account.
 */
export type PruningOutcome = Readonly<{
  marked: number;
  lifted: number;
  pruned: number;
  spared: number;
  retained: number;
  copies: number;
  copiesRetained: number;
}>;

/** What the policy would do, for a step that only observes. */
export function observedWords(plan: PruningSummary): string {
  if (plan.refused) return `observing: would delete nothing. ${plan.refused.message}`;
  const deeds = [
    counts('mark', plan.mark),
    counts('bring back', plan.lift),
    counts('delete', plan.due),
    plan.copies.length > 0 ? `delete ${copiesInWords(plan.copies.length)}` : '',
  ].filter(Boolean);
  return `observing: would ${deeds.join(', ') || 'change nothing'}; ${counted(plan.backups, 'backup')} in all`;
}

/** What was done. */
export function prunedWords(plan: PruningSummary, done: PruningOutcome): string {
  const deeds = [
    counts('marked', done.marked),
    plan.approval ? `as ${plan.approval.by} approved` : '',
    counts('brought back', done.lifted),
    counts('deleted', done.pruned),
    counts('spared at the last moment', done.spared),
    done.retained > 0 ? `${done.retained} ${RETAINED}` : '',
    done.copies > 0 ? `deleted ${copiesInWords(done.copies)}` : '',
    done.copiesRetained > 0 ? `${copiesInWords(done.copiesRetained)} ${RETAINED}` : '',
    counts('left for the next run', plan.due - plan.prune.length),
    plan.nextDeletableAt === null ? '' : `${plan.waiting} marked before, the next deletable at ${plan.nextDeletableAt}`,
  ].filter(Boolean);
  return `${deeds.join(', ') || 'nothing to forget'}; ${counted(plan.backups, 'backup')} before`;
}

/** There are too few backups to delete any, and nothing to forget either. */
export const youngWords = ({ message }: Problem): string => `nothing to forget yet. ${message}`;

/** A night's backup that was found, and of whose job the end is not known, is no reason to delete older ones. */
export const unvouchedWords = (folder: string): string =>
  `nothing is deleted tonight: the HSM did not tell that ${folder} is complete, so the older backups stay as they are`;

/** A refused plan, told as the run's problem. */
export const refusedPruning = ({ message, hint }: Problem): Problem => ({ message: `Nothing is deleted: ${message}`, hint });

/** Some of the deletions failed; the first one's reason stands for all. */
export const unfinishedPruning = (failed: number, { message }: Problem, done: string): Problem => ({
  message: `${counted(failed, 'backup')} could not be deleted, or not to the end: ${message} (${done})`,
  hint: 'What was begun is no longer offered for restore; the next nightly run goes on with it.',
});

const RETAINED = 'partly retained by an immutability policy or legal hold of the storage account';

const copiesInWords = (count: number): string => `${count} second ${count === 1 ? 'copy' : 'copies'}`;

const counts = (deed: string, count: number): string => (count > 0 ? `${deed} ${count}` : '');

/** Somebody needs a backup that retention has given up since it was chosen. */
export const prunedMeanwhile = (folder: string): Problem => ({
  message: `Retention has deleted ${folder}, or is about to finish deleting it.`,
  hint: 'Choose another backup, and hold it: hsmkeep backup hold. If the storage account keeps deleted blobs, its administrator can undelete the folder.',
});
