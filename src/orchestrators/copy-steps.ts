import type { OrchestrationContext } from 'durable-functions';
import { findUncopied } from '../activities/find-uncopied.ts';
import { type CopyOutcome, copiedWords, copyFailed } from '../domain/copy-problems.ts';
import { type CopyBackupsInput, type CopyBackupsResult, copyBackups } from './copy-backups.ts';
import { call, problemOf, type Steps } from './durable.ts';
import type { RunLog } from './run-log.ts';

/**
 * Brings the second container up to date: the night's backup first, then what earlier nights have left undone. Trouble here degrades the run; the
 * backup itself stands.
 *
 * @returns What was done; null when no second container is configured, or nothing could be done.
 */
export function* copyToSecond(context: OrchestrationContext, log: RunLog, hsm: string): Steps<CopyOutcome | null> {
  const run = context.df.instanceId;
  try {
    const { folders, lag } = yield* call(context, findUncopied, { hsm });
    if (!lag) return null;

    log.begin('Second copy');
    const input: CopyBackupsInput = { hsm, run, container: lag.container, folders };
    const { copied, problems } = (yield context.df.callSubOrchestrator(copyBackups.name, input, `copies-${run}`)) as CopyBackupsResult;
    const outcome: CopyOutcome = { copied: copied.length, waiting: lag.waiting - copied.length };
    const [first] = problems;
    if (first) log.degrade(copyFailed(first.problem));
    else log.done(copiedWords(outcome));
    return outcome;
  } catch (error) {
    log.degrade(copyFailed(problemOf(error)));
    return null;
  }
}
