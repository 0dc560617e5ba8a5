import type { OrchestrationContext } from 'durable-functions';
import { addProof } from '../activities/add-proof.ts';
import type { ApprovedRestore } from '../activities/check-restore-approval.ts';
import { type ChosenDrill, chooseDrill } from '../activities/choose-drill.ts';
import { holdRestoreBackup } from '../activities/hold-restore-backup.ts';
import { keepDrillContent } from '../activities/keep-drill-content.ts';
import { purgeCanary } from '../activities/purge-canary.ts';
import { daysAfter, SOURCE_HOLD_DAYS } from '../domain/restore/safety.ts';
import { proveByCanary, readAgain, tellOfGoodBackup } from './drill-hsm-checks.ts';
import { call, defineOrchestrator, type Steps } from './durable.ts';
import { checkBeforeRestore, compareAfterRestore } from './restore-hsm-checks.ts';
import { runRestore } from './restore-hsm-job.ts';
import { haveBackupTaken } from './restore-hsm-safety.ts';
import { type RunLog, recordedRun } from './run-log.ts';
import { underLock } from './under-lock.ts';

export type DrillHsmInput = Readonly<{
  hsm: string;
  /** Null: the newest recorded backup. */
  folder: string | null;
}>;

type Drilling = Readonly<{ context: OrchestrationContext; log: RunLog; drill: ChosenDrill; restore: ApprovedRestore }>;

/**
 * Proves a backup by restoring from it, into an HSM that is there for nothing else: read again and hashed, accepted, restored, and the canary
 * key used. Where it fails is named, and which other backup is good.
 */
export const drillHsm = defineOrchestrator('drillHsm', ['restore'], function* (context, input: DrillHsmInput) {
  return yield* recordedRun(context, 'drill', input.hsm, function* (log) {
    log.begin('Choose');
    const drill = yield* call(context, chooseDrill, input);
    const { source, target, container, folder, takenAt, scope, needsBackup } = drill;
    const restore: ApprovedRestore = { id: context.df.instanceId, source, target, container, folder, takenAt, scope };
    const at = context.df.currentUtcDateTime.toISOString();
    const hold = { hsm: source, folder, by: restore.id, until: daysAfter(at, SOURCE_HOLD_DAYS) };
    log.done(`${folder} into ${target}`);

    if (needsBackup) {
      log.begin('First backup');
      log.done(yield* haveBackupTaken(context, log, target, restore.id));
    }
    const drilling: Drilling = { context, log, drill, restore };
    return yield* tellOfGoodBackup(drilling, function* () {
      yield* readAgain(drilling);
      yield* call(context, holdRestoreBackup, { ...hold, reason: `drill ${restore.id} reads it` });
      return yield* underLock(context, log, target, () => restoreAndProve(drilling));
    });
  });
});

function* restoreAndProve({ context, log, drill, restore }: Drilling): Steps<Readonly<Record<string, unknown>>> {
  const { source, target, folder, scope, canaryKey } = drill;
  yield* checkBeforeRestore(context, log, restore);
  if (scope !== 'full') {
    log.begin('Purge');
    yield* call(context, purgeCanary, { hsm: source });
    log.done(`${canaryKey} of ${target}`);
  }
  yield* call(context, keepDrillContent, restore);

  const result = { folder, target, mode: scope === 'full' ? 'full' : 'canary' };
  const end = yield* runRestore({ context, log, restore, safety: `a backup of ${target}` });
  if (end !== 'restored') return { ...result, proof: null };
  const isWhole = scope === 'full' && (yield* compareAfterRestore(context, log, restore));
  yield* proveByCanary({ context, log, drill });

  log.begin('Record');
  const at = context.df.currentUtcDateTime.toISOString();
  const level = isWhole ? 'L3' : 'L3c';
  yield* call(context, addProof, { hsm: source, folder, proof: { level, at, run: restore.id, message: `restored into ${target}` } });
  log.done(level);
  return { ...result, proof: level };
}
