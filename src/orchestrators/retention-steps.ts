import type { OrchestrationContext } from 'durable-functions';
import { markBackups } from '../activities/mark-backups.ts';
import { planHsmRetention } from '../activities/plan-hsm-retention.ts';
import { type PruneBackupResult, pruneBackup } from '../activities/prune-backup.ts';
import { pruneCopy } from '../activities/prune-copy.ts';
import { useRetentionApproval } from '../activities/use-retention-approval.ts';
import { isDisorder, type PruningSummary } from '../domain/pruning.ts';
import {
  observedWords,
  type PruningOutcome,
  prunedWords,
  refusedPruning,
  unfinishedPruning,
  unvouchedWords,
  youngWords,
} from '../domain/pruning-words.ts';
import type { Problem } from '../domain/views.ts';
import { call, problemOf, StepFailed, type Steps } from './durable.ts';
import type { RunLog } from './run-log.ts';
import { turnsForWork } from './turns.ts';

/**
 * A night's backup that was proven: retention begins with it. `isVouchedFor`: its job told that it was completed. Of one that was only found, all that
 * is there was hashed; whether that is all the HSM meant to write, nobody said, so nothing older is deleted for it.
 */
export type ProvenNight = Readonly<{ hsm: string; run: string; folder: string; isVouchedFor: boolean }>;

/** `at`: the time that the plan was made for, ISO 8601 UTC. */
type Place = Readonly<{ hsm: string; run: string; at: string }>;

/**
 * Applies the retention policy of an HSM, as far as its `prune` says: looks, marks, deletes. Trouble here degrades the run; the night's backup
 * stands.
 *
 * @returns What was done; null when nothing was to be done or could be.
 */
export function* applyRetention(context: OrchestrationContext, log: RunLog, night: ProvenNight): Steps<PruningOutcome | null> {
  log.begin('Retention');
  try {
    const { hsm, run, folder } = night;
    const plan = yield* call(context, planHsmRetention, { hsm, run, at: context.df.currentUtcDateTime.toISOString(), night: folder });
    if (plan.mode === 'observe') {
      tellObserved(log, plan);
      return null;
    }
    if (plan.refused) {
      if (plan.young) log.done(youngWords(plan.refused));
      else log.degrade(refusedPruning(plan.refused));
      return null;
    }
    if (!night.isVouchedFor) {
      log.done(unvouchedWords(folder));
      return null;
    }
    return yield* carryOut(context, log, { hsm, run, at: plan.now }, plan);
  } catch (error) {
    log.degrade(problemOf(error));
    return null;
  }
}

/** Disorder needs a look even where nothing is deleted; that a policy is too young or too keen is only told. */
function tellObserved(log: RunLog, plan: PruningSummary): void {
  if (plan.refused && isDisorder(plan.refused.guard)) log.degrade({ message: observedWords(plan), hint: plan.refused.hint });
  else log.done(observedWords(plan));
}

function* carryOut(context: OrchestrationContext, log: RunLog, place: Place, planned: PruningSummary): Steps<PruningOutcome> {
  const plan = within(planned, turnsForWork(context) - BEFORE_PRUNING);
  const marks = plan.mark + plan.lift > 0 ? yield* call(context, markBackups, place) : { marked: 0, lifted: 0 };
  if (plan.approval) yield* call(context, useRetentionApproval, { hsm: place.hsm, run: place.run, planHash: plan.approval.planHash });
  const backups = yield* inTurn(plan.prune, (backup) => call(context, pruneBackup, { ...place, ...backup, policyHash: plan.policyHash }));
  const copies = yield* inTurn(plan.copies, (folder) => call(context, pruneCopy, { hsm: place.hsm, folder }));
  const problems = [...backups.problems, ...copies.problems];

  const ended = ({ results }: Pruned, status: PruneBackupResult['status']): number =>
    results.filter((result) => result.status === status).length;
  const done = {
    ...marks,
    pruned: ended(backups, 'pruned'),
    spared: ended(backups, 'spared'),
    retained: ended(backups, 'retained'),
    copies: ended(copies, 'pruned'),
    copiesRetained: ended(copies, 'retained'),
  };
  const [first] = problems;
  if (first) log.degrade(unfinishedPruning(problems.length, first, prunedWords(plan, done)));
  else log.done(prunedWords(plan, done));
  return done;
}

/** Writing marks, using up an approval. */
const BEFORE_PRUNING = 2;

/** As much of the plan as there are turns left for; the next run does the rest. */
function within(plan: PruningSummary, turns: number): PruningSummary {
  const prune = plan.prune.slice(0, Math.max(0, turns));
  return { ...plan, prune, copies: plan.copies.slice(0, Math.max(0, turns - prune.length)) };
}

type Pruned = Readonly<{ results: readonly PruneBackupResult[]; problems: readonly Problem[] }>;

/** One after the other; one that fails does not keep the next from its turn. */
function* inTurn<T>(items: readonly T[], prune: (item: T) => Steps<PruneBackupResult>): Steps<Pruned> {
  const results: PruneBackupResult[] = [];
  const problems: Problem[] = [];
  for (const item of items) {
    try {
      results.push(yield* prune(item));
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      problems.push(error.problem);
    }
  }
  return { results, problems };
}
