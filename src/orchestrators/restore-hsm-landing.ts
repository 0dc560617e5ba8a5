import type { OrchestrationContext } from 'durable-functions';
import type { ApprovedRestore } from '../activities/check-restore-approval.ts';
import { dropLanding } from '../activities/drop-landing.ts';
import { type LandCopyResult, landCopy } from '../activities/land-copy.ts';
import { notAnswered } from '../domain/problems.ts';
import { landingKept, landingLeft } from '../domain/restore/landing.ts';
import { call, StepFailed, type Steps } from './durable.ts';
import type { RunLog } from './run-log.ts';

const SHORT_BUDGET_MS = 20_000;
/** After so many calls each may take longer, so that no history grows beyond its bound. */
const SHORT_CALLS = 4;
const LONG_BUDGET_MS = 240_000;
const MOST_CALLS = 16;

/**
 * Brings a backup out of the immutable container, where it is to be restored from there, to where the HSM may read it; does the work, and
 * takes that away again, unless what became of the restore is not known.
 *
 * @throws {StepFailed} when the copy is not what was recorded, or what the work threw.
 */
export function* withLanding<T extends Readonly<{ restored: boolean }>>(
  context: OrchestrationContext,
  log: RunLog,
  restore: ApprovedRestore,
  work: () => Steps<T>,
): Steps<T> {
  const { landing } = restore;
  if (landing === undefined) return yield* work();
  try {
    yield* land(context, log, restore, landing);
    const done = yield* work();
    if (done.restored) yield* drop(context, log, landing);
    else log.degrade(landingKept(landing));
    return done;
  } catch (error) {
    // Whatever failed is what the run tells.
    yield* drop(context, undefined, landing);
    throw error;
  }
}

function* land(context: OrchestrationContext, log: RunLog, { source, folder }: ApprovedRestore, landing: string): Steps<void> {
  log.begin('Landing');
  let from = 0;
  for (let calls = 0; calls < MOST_CALLS; calls += 1) {
    const budgetMs = calls < SHORT_CALLS ? SHORT_BUDGET_MS : LONG_BUDGET_MS;
    const { blobs, next }: LandCopyResult = yield* call(context, landCopy, { hsm: source, folder, landing, from, budgetMs });
    if (next === null) return log.done(`${blobs} blobs copied and compared`);
    from = next;
  }
  throw new StepFailed(notAnswered(`Copying ${folder} to ${landing}`, 'it was not done at the deadline'));
}

function* drop(context: OrchestrationContext, log: RunLog | undefined, landing: string): Steps<void> {
  try {
    yield* call(context, dropLanding, { landing });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    log?.degrade(landingLeft(landing));
  }
}
