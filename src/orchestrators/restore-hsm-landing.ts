import type { OrchestrationContext } from 'durable-functions';
import type { ApprovedRestore } from '../activities/check-restore-approval.ts';
import { dropLanding } from '../activities/drop-landing.ts';
import { type LandCopyResult, landCopy } from '../activities/land-copy.ts';
import { notAnswered } from '../domain/problems.ts';
import { landingKept, landingLeft } from '../domain/restore/landing.ts';
import type { Problem } from '../domain/views.ts';
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
    const left = done.restored ? yield* drop(context, landing) : landingKept(landing);
    if (left) log.degrade(left);
    return done;
  } catch (error) {
    const left = yield* drop(context, landing);
    // Whatever failed is what the run tells; what is left to tidy up comes after it.
    if (left && error instanceof StepFailed) throw new StepFailed(alongWith(error.problem, left));
    throw error;
  }
}

const alongWith = (problem: Problem, left: Problem): Problem => ({
  message: problem.message,
  hint: `${problem.hint} ${left.message} ${left.hint}`,
});

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

/** @returns What to tell when it could not be removed. */
function* drop(context: OrchestrationContext, landing: string): Steps<Problem | undefined> {
  try {
    yield* call(context, dropLanding, { landing });
    return undefined;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return landingLeft(landing);
  }
}
