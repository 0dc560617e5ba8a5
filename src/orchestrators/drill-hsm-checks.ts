import type { OrchestrationContext } from 'durable-functions';
import type { ChosenDrill } from '../activities/choose-drill.ts';
import { findGoodBackup } from '../activities/find-good-backup.ts';
import { holdRestoreBackup } from '../activities/hold-restore-backup.ts';
import { proveCanary } from '../activities/prove-canary.ts';
import { type VerifyBackupResult, verifyBackup } from '../activities/verify-backup.ts';
import { backupDamaged, canaryFailed, drillFailed, type GoodBackup } from '../domain/drill/problems.ts';
import { notAnswered } from '../domain/problems.ts';
import { daysAfter, SAFETY_HOLD_DAYS } from '../domain/restore/safety.ts';
import { call, StepFailed, type Steps, sleep } from './durable.ts';
import type { RunLog } from './run-log.ts';

type Drilling = Readonly<{ context: OrchestrationContext; log: RunLog; drill: ChosenDrill }>;

const PART_BUDGET_MS = 20_000;
/** After so many calls each may take longer, so that no history grows beyond its bound. */
const SHORT_PARTS = 4;
const LONG_PART_BUDGET_MS = 240_000;
const MOST_PARTS = 16;

/**
 * Reads the whole backup again and holds it against what was recorded of it.
 *
 * @throws {StepFailed} when anything differs.
 */
export function* readAgain({ context, log, drill: { source, folder, canaryKey } }: Drilling): Steps<void> {
  log.begin('Manifest');
  let from = 0;
  for (let part = 0; part < MOST_PARTS; part += 1) {
    const budgetMs = part < SHORT_PARTS ? PART_BUDGET_MS : LONG_PART_BUDGET_MS;
    const read: VerifyBackupResult = yield* call(context, verifyBackup, { hsm: source, folder, canaryKey, from, budgetMs });
    if (read.status === 'damaged') throw new StepFailed(backupDamaged(folder, read.what));
    if (read.status === 'sound') return log.done(`${read.blobs} blobs are as recorded`);
    from = read.next;
  }
  throw new StepFailed(notAnswered(`Reading ${folder}`, 'it was not done at the deadline'));
}

/** An HSM lets nobody in for a moment after a restore; the activity is repeated if that takes longer. */
const LOCK_TAIL_MS = 2_000;

/** @throws {StepFailed} when the restored key is not what it was. */
export function* proveByCanary({ context, log, drill: { source, target, folder, canaryKey } }: Drilling): Steps<void> {
  log.begin('Canary');
  yield* sleep(context, LOCK_TAIL_MS);
  const test = yield* call(context, proveCanary, { hsm: source, folder });
  if (!test.decrypts || !test.verifies) throw new StepFailed(canaryFailed(target, canaryKey, test));
  log.done(`${canaryKey} decrypts and verifies`);
}

/** Stages whose failure says something about the backup, and not only about what it was to be restored into. */
const ABOUT_THE_BACKUP = new Set(['Manifest', 'Pre-restore check', 'Start', 'Restore', 'Find out', 'Canary']);

/** Does the work of a drill; when the backup does not stand it, finds out which one is good, and keeps retention from that. */
export function* tellOfGoodBackup<T>({ context, log, drill: { source, folder } }: Drilling, work: () => Steps<T>): Steps<T> {
  try {
    return yield* work();
  } catch (error) {
    const stage = log.run.steps.at(-1)?.name ?? '';
    if (!(error instanceof StepFailed) || !ABOUT_THE_BACKUP.has(stage)) throw error;
    const good = yield* findGood(context, source, folder);
    throw new StepFailed(drillFailed(stage, error.problem, source, good));
  }
}

const FIND_BUDGET_MS = 120_000;

/** @returns undefined when there is none, null when that could not be found out. */
function* findGood(context: OrchestrationContext, hsm: string, except: string): Steps<GoodBackup | undefined | null> {
  try {
    const good = yield* call(context, findGoodBackup, { hsm, except, budgetMs: FIND_BUDGET_MS });
    if (!good) return undefined;
    const by = context.df.instanceId;
    const until = daysAfter(context.df.currentUtcDateTime.toISOString(), SAFETY_HOLD_DAYS);
    const reason = `the newest good backup when ${except} failed its drill`;
    yield* call(context, holdRestoreBackup, { hsm, folder: good.folder, by, until, reason });
    return good;
  } catch (error) {
    if (error instanceof StepFailed) return null;
    throw error;
  }
}
