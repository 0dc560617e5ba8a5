import type { OrchestrationContext } from 'durable-functions';
import { copyFolder } from '../activities/copy-folder.ts';
import { noteCopy } from '../activities/note-copy.ts';
import { sealCopy } from '../activities/seal-copy.ts';
import { copyUnfinished } from '../domain/copy-problems.ts';
import type { CopyState } from '../domain/record.ts';
import type { Problem } from '../domain/views.ts';
import { call, defineOrchestrator, problemOf, StepFailed, type Steps } from './durable.ts';

/** `folders`: newest first. `container`: where the copies go, as the records name it. */
export type CopyBackupsInput = Readonly<{ hsm: string; run: string; container: string; folders: readonly string[] }>;
/** `problems`: of those that were begun and could not be completed, by folder. */
export type CopyBackupsResult = Readonly<{
  copied: readonly string[];
  problems: readonly Readonly<{ folder: string; problem: Problem }>[];
}>;

/** So many calls at most copy blobs; the first few are short, so that progress shows. About half an hour in all. */
const MOST_CALLS = 12;
const SHORT_CALLS = 4;
const SHORT_BUDGET_MS = 20_000;
const LONG_BUDGET_MS = 240_000;

/** Where one backup after another fails, the container is at fault. */
const MOST_PROBLEMS = 2;

/**
 * Copies backups of one HSM into the second container, newest first, as far as the time of a run goes. A history of its own, so that the
 * nightly run's stays short. What is left undone stands in the records; the next run goes on there.
 */
export const copyBackups = defineOrchestrator('copyBackups', ['backup'], function* (context, input: CopyBackupsInput) {
  const calls = { made: 0 };
  const copied: string[] = [];
  const problems: CopyBackupsResult['problems'][number][] = [];
  for (const folder of input.folders) {
    if (calls.made === MOST_CALLS || problems.length === MOST_PROBLEMS) break;
    const problem = yield* copyBackup(context, input, folder, calls);
    if (problem) problems.push({ folder, problem });
    else copied.push(folder);
  }
  return { copied, problems } satisfies CopyBackupsResult;
});

/** Copies one backup; what came of it stands in its record. @returns Why it is not complete; null when it is. */
function* copyBackup(
  context: OrchestrationContext,
  { hsm, run, container }: CopyBackupsInput,
  folder: string,
  calls: { made: number },
): Steps<Problem | null> {
  const state = (blobs: number, problem?: string): CopyState => {
    const at = context.df.currentUtcDateTime.toISOString();
    return { container, run, at, blobs, completedAt: null, ...(problem !== undefined && { problem }) };
  };
  let from: number | null = null;
  try {
    while (calls.made < MOST_CALLS) {
      calls.made += 1;
      const budgetMs = calls.made <= SHORT_CALLS ? SHORT_BUDGET_MS : LONG_BUDGET_MS;
      const part: Readonly<{ blobs: number; next: number | null }> = yield* call(context, copyFolder, { hsm, folder, from, budgetMs });
      from = part.next;
      if (from !== null) continue;

      const at = context.df.currentUtcDateTime.toISOString();
      const copy = yield* call(context, sealCopy, { hsm, run, folder, at, blobs: part.blobs });
      yield* call(context, noteCopy, { hsm, folder, copy });
      return null;
    }
    yield* call(context, noteCopy, { hsm, folder, copy: state(from ?? 0) });
    return copyUnfinished(folder, from ?? 0);
  } catch (error) {
    const problem = problemOf(error);
    yield* noteFailure(context, hsm, folder, state(from ?? 0, problem.message));
    return problem;
  }
}

/** The run tells of the failure in any case. */
function* noteFailure(context: OrchestrationContext, hsm: string, folder: string, copy: CopyState): Steps<void> {
  try {
    yield* call(context, noteCopy, { hsm, folder, copy });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
}
