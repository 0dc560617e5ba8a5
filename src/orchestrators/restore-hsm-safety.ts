import type { OrchestrationContext } from 'durable-functions';
import type { ApprovedRestore } from '../activities/check-restore-approval.ts';
import { checkSafetyBackup } from '../activities/check-safety-backup.ts';
import { holdRestoreBackup } from '../activities/hold-restore-backup.ts';
import { requestSafetyBackup } from '../activities/request-safety-backup.ts';
import { noSafetyBackup } from '../domain/restore/problems.ts';
import { daysAfter, SAFETY_HOLD_DAYS } from '../domain/restore/safety.ts';
import type { Run } from '../domain/run.ts';
import { requestedRunId } from '../domain/run-id.ts';
import { SAFETY_WAITS, waitMs } from '../domain/waiting.ts';
import { type BackupHsmInput, backupHsm } from './backup-hsm.ts';
import { call, StepFailed, type Steps, sleep } from './durable.ts';
import type { RunLog } from './run-log.ts';
import { affordable } from './turns.ts';

/**
 * Has a backup taken of what the restore will replace, by the usual run with all its proofs, and keeps retention from it.
 *
 * @returns The backup's folder.
 * @throws {StepFailed} when there is none: then nothing may be destroyed.
 */
export function* takeSafetyBackup(context: OrchestrationContext, log: RunLog, { id, target }: ApprovedRestore): Steps<string> {
  log.begin('Safety backup');
  const until = daysAfter(context.df.currentUtcDateTime.toISOString(), SAFETY_HOLD_DAYS);
  const folder = yield* haveBackupTaken(context, log, target, id);
  yield* call(context, holdRestoreBackup, { hsm: target, folder, by: id, until, reason: `the way back from restore ${id}` });
  log.done(folder);
  return folder;
}

/**
 * Has a backup of an HSM taken, here or by the app that has the duty.
 *
 * @param by The restore or drill that needs it.
 * @returns Its folder.
 * @throws {StepFailed} when there is none.
 */
export function* haveBackupTaken(context: OrchestrationContext, log: RunLog, hsm: string, by: string): Steps<string> {
  const run = requestedRunId('backup', hsm, context.df.currentUtcDateTime.toISOString());
  const asked = yield* call(context, requestSafetyBackup, { hsm, run, restore: by });
  const input = { hsm, container: asked.container };
  const ended = asked.by === 'here' ? yield* backUpHere(context, log, run, input) : yield* awaitBackup(context, log, run);
  const folder = ended?.result?.['folder'];
  if (typeof folder === 'string') return folder;
  throw new StepFailed(noSafetyBackup(hsm, reasonOf(run, ended)));
}

function* backUpHere(context: OrchestrationContext, log: RunLog, run: string, input: BackupHsmInput): Steps<Run> {
  log.waiting(`backup ${run} runs`);
  return (yield context.df.callSubOrchestrator(backupHsm.name, input, run)) as Run;
}

/** @returns undefined when the other app has not taken it by the deadline. */
function* awaitBackup(context: OrchestrationContext, log: RunLog, run: string): Steps<Run | undefined> {
  log.waiting(`backup ${run} is asked for, of the app with the backup duty`);
  const waits = affordable(context, SAFETY_WAITS);
  for (let look = 0; look < waits.looks; look += 1) {
    yield* sleep(context, waitMs(waits, look));
    const ended = yield* call(context, checkSafetyBackup, { run });
    if (ended) return ended;
  }
  return undefined;
}

const reasonOf = (run: string, ended: Run | undefined): string =>
  ended?.steps.findLast(({ status }) => status === 'Failed')?.message ?? `backup ${run} was not taken in time.`;
