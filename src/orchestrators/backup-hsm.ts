import type { OrchestrationContext } from 'durable-functions';
import { clearStaging } from '../activities/clear-staging.ts';
import { findNewFolders } from '../activities/find-new-folders.ts';
import { startBackup } from '../activities/start-backup.ts';
import { startPreBackup } from '../activities/start-pre-backup.ts';
import { storeIntent } from '../activities/store-intent.ts';
import type { HsmJob, JobCheck } from '../domain/job.ts';
import { answerLost, jobFailed, noFolder } from '../domain/problems.ts';
import type { Problem } from '../domain/views.ts';
import { copyToSecond } from './copy-steps.ts';
import { call, defineOrchestrator, problemOf, StepFailed, type Steps } from './durable.ts';
import { followJob, startJob } from './follow-job.ts';
import { readInventory, recordInventory } from './inventory-steps.ts';
import { noteJob } from './note-job.ts';
import { recordFailedFolder, recordFolder } from './record-steps.ts';
import { applyRetention } from './retention-steps.ts';
import { type RunLog, recordedRun } from './run-log.ts';
import { underLock } from './under-lock.ts';

export type BackupHsmInput = Readonly<{
  hsm: string;
  /** The container's address, for messages. */
  container: string;
}>;

/** Where one night's backup stands. */
type Night = Readonly<{ context: OrchestrationContext; log: RunLog; run: string; hsm: string; container: string; intentAt: string }>;

/** What the HSM made of the request to back up. `job` is null when the folder was found, not told by our job. */
type Taken = Readonly<{ folder: string; job: HsmJob | null; startedAt: string | null; endedAt: string | null }>;

/**
 * Takes a backup of one HSM that can be counted on: checked before, taken, read back and hashed, inventoried, recorded. Then it is copied into the second
 * container, if there is one, and what the policy no longer keeps is forgotten.
 *
 * Whatever crashes or gets lost on the way: at least one and at most two backups, every folder recorded, older ones left alone.
 */
export const backupHsm = defineOrchestrator('backupHsm', ['backup'], function* (context, { hsm, container }: BackupHsmInput) {
  const run = context.df.instanceId;
  return yield* recordedRun(context, 'backup', hsm, (log) =>
    underLock(context, log, hsm, function* () {
      const intentAt = yield* checkBefore(context, log, hsm, container);
      const night: Night = { context, log, run, hsm, container, intentAt };

      log.begin('Intent');
      yield* call(context, storeIntent, { hsm, run, at: intentAt });
      try {
        yield* readInventory(context, log, { hsm, run, phase: 'before' });
        return yield* takeAndRecord(night);
      } catch (error) {
        yield* recordLeftovers(night);
        throw error;
      } finally {
        yield* tidy(night);
      }
    }),
  );
});

/** The HSM's own check that a backup would work. @returns The HSM's clock, ISO 8601 UTC. */
function* checkBefore(context: OrchestrationContext, log: RunLog, hsm: string, container: string): Steps<string> {
  log.begin('Pre-backup check');
  const askedAt = context.df.currentUtcDateTime.toISOString();
  const started = yield* startJob(context, log, hsm, startPreBackup, { hsm });
  const check = yield* followJob(context, log, hsm, started.job, started.retryAfterMs);
  if (check.status === 'failed') throw new StepFailed(jobFailed(hsm, 'pre-backup check', check.code, check.detail, container));
  log.done();
  return started.date ?? askedAt;
}

function* takeAndRecord(night: Night): Steps<Readonly<Record<string, unknown>>> {
  const { context, log, hsm, run } = night;
  const taken = yield* takeBackup(night);
  yield* readInventory(context, log, { hsm, run, phase: 'after' });
  const inventory = yield* recordInventory(context, log, { hsm, run, folder: taken.folder });

  const manifest = yield* recordFolder(context, log, { ...recordBase(night), ...taken, inventory });
  yield* recordOthers(night, taken.folder);
  const copies = yield* copyToSecond(context, log, hsm);
  const retention = yield* applyRetention(context, log, { hsm, run, folder: taken.folder, isVouchedFor: taken.job !== null });
  return {
    folder: taken.folder,
    proof: 'L1',
    blobs: manifest.blobs,
    sizeBytes: manifest.sizeBytes,
    keys: inventory?.keys ?? null,
    adopted: taken.job === null,
    ...(copies && { copies }),
    ...(retention && { retention }),
  };
}

/** Starts a backup, or finds tonight's, and waits for its end. */
function* takeBackup(night: Night): Steps<Taken> {
  const { context, log, hsm, run } = night;
  log.begin('Start');
  const started = yield* startJob(context, log, hsm, startBackup, { hsm, run });
  if (started.status === 'adopted') {
    log.degrade(answerLost(hsm));
    return yield* adopt(night);
  }

  yield* noteJob(context, hsm, 'backup', started.job);
  log.begin('Backup');
  return yield* follow(night, started.job, started.retryAfterMs);
}

function* follow(night: Night, job: HsmJob, retryAfterMs: number | null): Steps<Taken> {
  const { log, hsm, container } = night;
  const check = yield* outcomeOf(night, job, retryAfterMs);
  if ('message' in check) {
    log.degrade(check);
    return yield* adopt(night);
  }
  if (check.status === 'failed') throw new StepFailed(jobFailed(hsm, 'backup', check.code, check.detail, container));
  log.done();
  return { folder: check.folder, job, startedAt: check.startedAt, endedAt: check.endedAt };
}

/** How the job ended, or why that cannot be told. */
function* outcomeOf({ context, log, hsm }: Night, job: HsmJob, retryAfterMs: number | null): Steps<Problem | Failed | Succeeded> {
  try {
    const check = yield* followJob(context, log, hsm, job, retryAfterMs);
    if (check.status === 'failed') return check;
    if (check.status === 'succeeded' && check.folder !== null) return { ...check, folder: check.folder };
    return { message: `${hsm} no longer knows job ${job.jobId}.`, hint: answerLost(hsm).hint };
  } catch (error) {
    if (error instanceof StepFailed) return error.problem;
    throw error;
  }
}

type Failed = Extract<JobCheck, { status: 'failed' }>;
type Succeeded = Extract<JobCheck, { status: 'succeeded' }> & Readonly<{ folder: string }>;

/** Tonight's folder, when its job cannot tell: once the HSM does no backup any more, it is whole or will never be. */
function* adopt(night: Night): Steps<Taken> {
  const { context, log, hsm, run } = night;
  log.begin('Adopt');
  // A check that is taken means that no backup or restore runs any more.
  const started = yield* startJob(context, log, hsm, startPreBackup, { hsm });
  yield* followJob(context, log, hsm, started.job, started.retryAfterMs);
  const [folder] = yield* call(context, findNewFolders, { hsm, run });
  if (folder === undefined) throw new StepFailed(noFolder(hsm));
  log.done(`${folder} is there`);
  return { folder, job: null, startedAt: null, endedAt: null };
}

/**
 * A second backup of this night, ours or another's, is recorded too: every folder tells where it came from.
 * Trouble with it does not undo what was established for the first.
 */
function* recordOthers(night: Night, own: string): Steps<void> {
  const { context, log, hsm, run } = night;
  try {
    const others = (yield* call(context, findNewFolders, { hsm, run })).filter((folder) => folder !== own).slice(0, MOST_OTHERS);
    for (const folder of others) {
      yield* recordFolder(context, log, { ...recordBase(night), folder, job: null, startedAt: null, endedAt: null, inventory: null });
    }
  } catch (error) {
    log.degrade(problemOf(error));
  }
}

/** More than this in one night is somebody else's schedule; those folders stay visible as unrecorded. */
const MOST_OTHERS = 3;

/** What a failed night left behind is recorded as failed, so that nobody counts on it. The failure itself is what the run tells. */
function* recordLeftovers({ context, hsm, run, intentAt }: Night): Steps<void> {
  try {
    const folders = yield* call(context, findNewFolders, { hsm, run });
    for (const folder of folders.slice(0, MOST_OTHERS)) yield* recordFailedFolder(context, { hsm, run, intentAt, folder, job: null });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
}

/** What was staged has served its purpose; if it cannot be removed, the run's result does not suffer. */
function* tidy({ context, hsm, run }: Night): Steps<void> {
  try {
    yield* call(context, clearStaging, { hsm, run });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
}

const recordBase = ({ hsm, run, intentAt }: Night) => ({ hsm, run, intentAt });
