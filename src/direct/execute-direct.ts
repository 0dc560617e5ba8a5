import { setTimeout as delay } from 'node:timers/promises';
import { checkBackupJob } from '../activities/check-backup-job.ts';
import { type ApprovedRestore, approvedRestore } from '../activities/check-restore-approval.ts';
import { checkRestoreOutcome } from '../activities/check-restore-outcome.ts';
import { compareRestored } from '../activities/compare-restored.ts';
import { dropLanding } from '../activities/drop-landing.ts';
import { readLock } from '../activities/find-restore.ts';
import { judgeRestore } from '../activities/judge-restore.ts';
import { type LandCopyResult, landCopy } from '../activities/land-copy.ts';
import { replanRestore } from '../activities/replan-restore.ts';
import { type StartRestoreResult, startRestore } from '../activities/start-restore.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import { readContentBefore } from '../clients/restores.ts';
import { readRun } from '../clients/runs.ts';
import { parseDocument } from '../domain/documents.ts';
import { OperatorError } from '../domain/errors.ts';
import { checkLost, jobFailed } from '../domain/problems.ts';
import { attemptState, type RestoreAttempt } from '../domain/restore/attempt.ts';
import { landingKept, landingLeft } from '../domain/restore/landing.ts';
import { restoredVersions } from '../domain/restore/outcome.ts';
import { attemptPath, breakGlassPath, type RestorePlan } from '../domain/restore/plan.ts';
import {
  accessLost,
  assignmentsLost,
  cannotCompare,
  differencesLeft,
  neitherState,
  nothingRestored,
  outcomeUnknown,
} from '../domain/restore/problems.ts';
import type { Problem } from '../domain/views.ts';
import { asError, polled, preRestore, untilTaken } from './ask-hsm.ts';
import { type Direct, runOnce, runPatiently } from './run-activity.ts';

export type ExecuteDirectOptions = Readonly<{
  /** Why there was no other way; kept beside the backups. */
  reason: string;
  /** Do without a backup of what is replaced, as when the target cannot make one. */
  withoutSafetyBackup: boolean;
  /** Do it although a run of the app holds the lock of the target, as when the app is gone and will not go on with it. */
  despiteLock: boolean;
  /** ISO 8601 UTC. */
  now(): string;
}>;

/** How it ended. `remarks`: what a person still has to do. */
export type DirectOutcome = Readonly<{ restored: boolean; safetyBackup: string | null; remarks: readonly Problem[] }>;

/**
 * Carries out a plan in this process, with the caller's own identity and nobody's approval. That this was done, by whom and why is written
 * beside the backups before anything else. Run again after a crash it goes on where it was: a start request is sent once.
 *
 * @throws {OperatorError} when nothing was restored
 */
export async function executeDirect(direct: Direct, plan: RestorePlan, options: ExecuteDirectOptions): Promise<DirectOutcome> {
  const { clients, say } = direct;
  const { id, target } = plan;
  const restore = approvedRestore(plan);
  const by = await clients.hsm(target).callerId();
  const audit = { schema: 'hsmkeep.break-glass/1', plan: id, hash: plan.hash, by, at: options.now(), reason: options.reason };
  await clients.documents.write(breakGlassPath(id), JSON.stringify(audit), { ifAbsent: true });

  let safety: string | null = null;
  const isSent = await wasSent(direct, id);
  // What was begun is only followed: what the target holds by now is no longer what the plan was made from.
  if (!isSent) {
    await requireUnlocked(direct, target, options.despiteLock);
    try {
      await land(direct, restore);
      await runPatiently(direct, replanRestore, { plan: id, at: options.now() });
      safety = await takeSafetyBackup(direct, restore, options);
      await checkBefore(direct, restore);
    } catch (error) {
      // The HSM was asked for nothing that it would still read.
      await dropLanded(direct, restore);
      throw error;
    }
  }

  const wayBack = safety ?? (isSent ? 'the backup that this command named before it broke off' : 'no backup');
  const end = await restoreOnce(direct, restore, wayBack).catch((error: unknown) => {
    for (const { message, hint } of keptLanding(restore)) say(`note: ${message} ${hint}`);
    throw error;
  });
  if (end !== 'restored') return { restored: false, safetyBackup: safety, remarks: [end, ...keptLanding(restore)] };
  await dropLanded(direct, restore);
  say('comparing');
  return { restored: true, safetyBackup: safety, remarks: await compare(direct, restore, options.now()) };
}

/** Whether the HSM was asked for the restore, and did not decline: what came of it is not known, or is under way. */
async function wasSent({ clients }: Direct, id: string): Promise<boolean> {
  const path = attemptPath(id);
  const found = await clients.documents.read(path);
  const known = found && parseDocument<RestoreAttempt>(found.text, 'hsmkeep.restore-attempt/1', path);
  return attemptState(known, ONLY_ATTEMPT).status !== 'not-sent';
}

const ONLY_ATTEMPT = 1;

/** A restore beside a run of the app would cross it. @throws {OperatorError} when one works on the target */
async function requireUnlocked({ clients, say }: Direct, hsm: string, despiteLock: boolean): Promise<void> {
  try {
    const lock = await readLock(clients.locks, hsm);
    const isHeld = lock !== undefined && !(await readRun(clients.locks, lock.owner))?.endedAt;
    if (!isHeld) return;
    if (despiteLock) return say(`${lock.owner} holds the lock of ${hsm}; going on despite it, as asked`);
    throw new OperatorError(
      `${lock.owner} of hsmkeep works on ${hsm} now${lock.step ? ` (${lock.step})` : ''}; nothing was begun.`,
      'Wait until it has ended. Only when the app is gone and will not go on with it: add --despite-lock.',
    );
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof TransientError)) throw error;
    say(`warning: whether hsmkeep works on ${hsm} could not be looked at in ${clients.locks.url}; make sure that no run of it goes on`);
  }
}

/** Brings the immutable copy to where the HSM may read it, where it is to be restored from there. */
async function land(direct: Direct, { source, folder, landing }: ApprovedRestore): Promise<void> {
  if (landing === undefined) return;
  direct.say(`copying ${folder} out of the immutable container, and comparing it`);
  for (let from: number | null = 0; from !== null; ) {
    const part: LandCopyResult = await runPatiently(direct, landCopy, { hsm: source, folder, landing, from, budgetMs: 60_000 });
    from = part.next;
  }
}

/** What cannot be removed is told; it is no reason to call a restore failed. */
async function dropLanded(direct: Direct, { landing }: ApprovedRestore): Promise<void> {
  if (landing === undefined) return;
  try {
    await runPatiently(direct, dropLanding, { landing });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { message, hint } = landingLeft(landing);
    direct.say(`note: ${message} ${hint}`);
  }
}

const keptLanding = ({ landing }: ApprovedRestore): Problem[] => (landing === undefined ? [] : [landingKept(landing)]);

async function takeSafetyBackup(direct: Direct, { id, target }: ApprovedRestore, { withoutSafetyBackup }: ExecuteDirectOptions) {
  const { clients, say } = direct;
  const { keys, deletedKeys } = await readContentBefore(clients.documents, id);
  if (withoutSafetyBackup || (keys.length === 0 && deletedKeys.length === 0)) {
    say(withoutSafetyBackup ? 'no safety backup, as asked' : `${target} is empty: nothing to back up`);
    return null;
  }
  say(`safety backup of ${target}`);
  const { backupTo } = clients.hsmConfig(target);
  const start = await untilTaken(direct, target, () => clients.hsm(target).startBackup(backupTo));
  if (start.status !== 'started')
    throw new OperatorError(
      `The answer of ${target} to its safety backup was lost; the restore was not begun.`,
      'Run the same command again; an additional backup does no harm.',
    );
  const check = await polled(direct, start.job, start.retryAfterMs, () =>
    runPatiently(direct, checkBackupJob, { hsm: target, job: start.job }),
  );
  if (check.status === 'succeeded' && check.folder !== null) return check.folder;
  throw new OperatorError(
    `There is no safety backup of ${target}, so the restore was not begun${check.status === 'failed' ? ` (${check.code}: ${check.detail})` : ''}.`,
    'Mend what keeps it from being backed up; or, when there is nothing left to lose, add --no-safety-backup.',
  );
}

async function checkBefore(direct: Direct, restore: ApprovedRestore): Promise<void> {
  const { target, folder, container, landing } = restore;
  direct.say('pre-restore check');
  const check = await preRestore(direct, restore);
  if (check.status === 'failed')
    throw asError(jobFailed(target, 'pre-restore check', check.code, check.detail, `${landing ?? container}/${folder}`));
  if (check.status === 'unknown') throw asError(checkLost(target));
}

/** One start request; whatever became of it is found out, never guessed. */
async function restoreOnce(direct: Direct, restore: ApprovedRestore, wayBack: string): Promise<'restored' | Problem> {
  const { target, container, folder, scope } = restore;
  direct.say(`restoring ${folder} into ${target}`);
  const start = await untilTaken(direct, target, () => startOnce(direct, restore));
  if (start.status === 'declined') throw asError(start.problem);
  if (start.status === 'unclear') return findOut(direct, restore, wayBack);

  const check = await polled(direct, start.job, start.retryAfterMs, () =>
    runPatiently(direct, checkRestoreOutcome, { hsm: target, job: start.job }),
  );
  if (check.status === 'forbidden') return accessLost(restore, check.principalId);
  if (check.status === 'unknown') return findOut(direct, restore, wayBack);
  if (check.status === 'failed') throw asError(jobFailed(target, 'restore', check.code, check.detail, `${container}/${folder}`));
  if (scope !== 'full' && restoredVersions(check.detail)?.restored === 0) throw asError(nothingRestored(scope.key, check.detail));
  return 'restored';
}

/** A step that breaks off may have sent the request. @throws {OperatorError} when it was refused */
async function startOnce(direct: Direct, restore: ApprovedRestore): Promise<StartRestoreResult> {
  try {
    return await runOnce(direct, startRestore, { restore, attempt: ONLY_ATTEMPT });
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    return { status: 'unclear', detail: error instanceof Error ? error.message : String(error) };
  }
}

async function findOut(direct: Direct, restore: ApprovedRestore, wayBack: string): Promise<'restored' | Problem> {
  direct.say('the answer was lost: finding out what came of it');
  await delay(IN_FLIGHT_MS);
  const found = await look(direct, restore);
  if (found instanceof OperatorError) return { message: found.message, hint: outcomeUnknown(restore, null).hint };
  const { evidence, principalId } = found;
  if (evidence === 'restored') return 'restored';
  if (evidence === 'unknown') return outcomeUnknown(restore, principalId);
  if (evidence === 'neither') throw asError(neitherState(restore, wayBack));
  throw new OperatorError(`${restore.target} was not touched.`, `Plan anew: hsmkeep restore plan ${restore.source} --direct`);
}

const IN_FLIGHT_MS = 10_000;

/** A check that the HSM takes means that no restore runs any more, whatever it says of the backup. @returns Why it cannot be told, otherwise. */
async function look(direct: Direct, restore: ApprovedRestore) {
  try {
    await preRestore(direct, restore);
    return await runPatiently(direct, judgeRestore, { restore });
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
}

async function compare(direct: Direct, restore: ApprovedRestore, at: string): Promise<Problem[]> {
  const found = await runPatiently(direct, compareRestored, { restore, at });
  return [
    ...(found.comparable ? [] : [cannotCompare(restore.target, found.principalId)]),
    ...(found.differences.length > 0 ? [differencesLeft(restore, found.differences)] : []),
    ...(found.lostCount > 0 ? [assignmentsLost(restore, found.lost, found.lostCount)] : []),
  ];
}
