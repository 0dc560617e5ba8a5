import { holdRestoreBackup } from '../activities/hold-restore-backup.ts';
import { replanRestore } from '../activities/replan-restore.ts';
import { scopeInWords } from '../domain/restore/plan.ts';
import { daysAfter, SOURCE_HOLD_DAYS } from '../domain/restore/safety.ts';
import { call, defineOrchestrator } from './durable.ts';
import { awaitApproval } from './restore-hsm-approval.ts';
import { checkBeforeRestore, compareAfterRestore } from './restore-hsm-checks.ts';
import { runRestore } from './restore-hsm-job.ts';
import { withLanding } from './restore-hsm-landing.ts';
import { takeSafetyBackup } from './restore-hsm-safety.ts';
import { recordedRun } from './run-log.ts';
import { underLock } from './under-lock.ts';

export type RestoreHsmInput = Readonly<{
  /** Id of the plan, and of this run: a plan is carried out once. */
  plan: string;
  /** For people; what is restored, and into what, comes from the stored plan. */
  target: string;
}>;

/**
 * Carries out an approved plan: a backup of what will be replaced, then the restore, then the comparison.
 *
 * Whatever crashes or gets lost on the way: nothing is destroyed without a safety backup, and the restore is done once.
 */
export const restoreHsm = defineOrchestrator('restoreHsm', ['restore'], function* (context, { plan, target: subject }: RestoreHsmInput) {
  return yield* recordedRun(context, 'restore', subject, function* (log) {
    const restore = yield* awaitApproval(context, log, plan);
    const { id, source, target, folder, scope } = restore;
    return yield* withLanding(context, log, restore, function* () {
      // The backup takes the lock itself; whatever is changed until we have it shows when the restore is planned again.
      const safety = yield* takeSafetyBackup(context, log, restore);

      return yield* underLock(context, log, target, function* () {
        log.begin('Plan again');
        const at = context.df.currentUtcDateTime.toISOString();
        const { destroyed } = yield* call(context, replanRestore, { plan: id, at });
        const until = daysAfter(at, SOURCE_HOLD_DAYS);
        yield* call(context, holdRestoreBackup, { hsm: source, folder, by: id, until, reason: `restore ${id} reads it` });
        log.done();

        yield* checkBeforeRestore(context, log, restore);
        const end = yield* runRestore({ context, log, restore, safety });
        if (end === 'restored') yield* compareAfterRestore(context, log, restore);
        return { folder, source, target, scope: scopeInWords(scope), safetyBackup: safety, destroyed, restored: end === 'restored' };
      });
    });
  });
});
