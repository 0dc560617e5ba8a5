import type { OrchestrationContext } from 'durable-functions';
import { noteLockStep } from '../activities/note-lock-step.ts';
import type { HsmJob } from '../domain/job.ts';
import { call, StepFailed, type Steps } from './durable.ts';

/**
 * Writes into the lock what job runs under it, for whoever might have to judge it. Where that fails the work goes on: a job that runs is
 * followed, and no lock is taken over before its run has ended.
 */
export function* noteJob(context: OrchestrationContext, hsm: string, step: string, job: HsmJob): Steps<void> {
  try {
    yield* call(context, noteLockStep, { hsm, owner: context.df.instanceId, step, job });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
}
