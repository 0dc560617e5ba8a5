import type { OrchestrationContext } from 'durable-functions';
import { checkAdoption } from '../activities/check-adoption.ts';
import { clearStaging } from '../activities/clear-staging.ts';
import { startPreBackup } from '../activities/start-pre-backup.ts';
import { mayStillBeWritten, stillWritten } from '../domain/adoption.ts';
import { neverSettled } from '../domain/problems.ts';
import { call, defineOrchestrator, StepFailed, type Steps } from './durable.ts';
import { followJob, startJob } from './follow-job.ts';
import { recordIfSettled } from './record-steps.ts';
import { type RunLog, recordedRun } from './run-log.ts';
import { underLock } from './under-lock.ts';

export type AdoptBackupInput = Readonly<{ hsm: string; folder: string }>;

/**
 * Makes a folder ours that somebody else's job has written: every byte read, manifest and record beside it, proof L1. From then on it counts,
 * and the retention policy has its say. One that is ours already is left as it is; whatever fails leaves the folder nobody's.
 */
export const adoptBackup = defineOrchestrator('adoptBackup', ['backup'], function* (context, { hsm, folder }: AdoptBackupInput) {
  const run = context.df.instanceId;
  return yield* recordedRun(context, 'adopt', hsm, (log) =>
    underLock(context, log, hsm, function* () {
      log.begin('Look');
      const at = context.df.currentUtcDateTime.toISOString();
      const state = yield* call(context, checkAdoption, { hsm, folder, at });
      log.done(state === 'ours' ? `${folder} is recorded already` : folder);
      if (state === 'ours') return { folder, alreadyOurs: true };

      if (mayStillBeWritten(folder, at)) yield* awaitItsEnd(context, log, hsm, folder);
      try {
        const facts = { hsm, run, folder, intentAt: at, job: null, startedAt: null, endedAt: null, inventory: null };
        const manifest = yield* recordIfSettled(context, log, facts);
        if (!manifest) throw new StepFailed(neverSettled(folder));
        return { folder, proof: 'L1', blobs: manifest.blobs, sizeBytes: manifest.sizeBytes, adopted: true };
      } finally {
        yield* tidy(context, hsm, run);
      }
    }),
  );
});

/** An HSM that takes a pre-backup check does no backup: what it was writing is whole, or will never be. */
function* awaitItsEnd(context: OrchestrationContext, log: RunLog, hsm: string, folder: string): Steps<void> {
  log.begin('Pre-backup check');
  try {
    const started = yield* startJob(context, log, hsm, startPreBackup, { hsm });
    yield* followJob(context, log, hsm, started.job, started.retryAfterMs);
  } catch (error) {
    if (error instanceof StepFailed) throw new StepFailed(stillWritten(folder, error.problem));
    throw error;
  }
  log.done();
}

/** If what was staged cannot be removed, the run's result does not suffer. */
function* tidy(context: OrchestrationContext, hsm: string, run: string): Steps<void> {
  try {
    yield* call(context, clearStaging, { hsm, run });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
}
