import type { Run, RunStatus, Step } from './run.ts';
import type { Problem } from './views.ts';

/** What the orchestration says of itself: whether it has ended, and its custom status (the run as it stands). */
export type InstanceFacts = Readonly<{ live: boolean; runtimeStatus: string; customStatus: unknown }>;

export const ENDED_UNEXPECTEDLY: Problem = {
  message: 'The run ended without a word: its orchestration was terminated, or it failed in a way that hsmkeep did not foresee.',
  hint: "Look at the app's log for this run's id. Older backups are untouched; the next run tries again.",
};

/**
 * The run as it stands now: the record once it has ended, what its orchestration says until then.
 *
 * @param record What is stored.
 * @param instance Undefined when the task hub does not know the run.
 * @param now ISO 8601 UTC; only for a run that ended without a word.
 */
export function currentRun(record: Run | undefined, instance: InstanceFacts | undefined, now: string): Run | undefined {
  if (record?.endedAt) return record;
  const said = isRun(instance?.customStatus) ? instance.customStatus : undefined;
  const latest = said ?? record;
  if (!latest || latest.endedAt || instance?.live) return latest && withWaiting(latest);
  // Of a record alone nobody can tell: another app's task hub may still run it.
  return instance ? endedUnexpectedly(latest, now, instance.runtimeStatus) : withWaiting(latest);
}

/** A run waits when its open step does. */
function withWaiting(run: Run): Run {
  if (run.endedAt) return run;
  return { ...run, status: run.steps.at(-1)?.status === 'Waiting' ? 'Waiting' : 'Running' };
}

/** The run as failed (or canceled), because nothing will go on with it. */
export function endedUnexpectedly(run: Run, now: string, runtimeStatus: string): Run {
  const status: Extract<RunStatus, 'Canceled' | 'Failed'> =
    runtimeStatus === 'Terminated' || runtimeStatus === 'Canceled' ? 'Canceled' : 'Failed';
  const steps = run.steps.map((step): Step => (step.endedAt === null ? { ...step, status, endedAt: now, ...ENDED_UNEXPECTEDLY } : step));
  return { ...run, status, endedAt: now, steps };
}

const isRun = (value: unknown): value is Run => (value as Run | null | undefined)?.schema === 'hsmkeep.run/1';
