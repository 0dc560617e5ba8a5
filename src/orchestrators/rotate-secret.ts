import type { OrchestrationContext } from 'durable-functions';
import { applySecret } from '../activities/apply-secret.ts';
import { confirmSecret } from '../activities/confirm-secret.ts';
import type { Activity } from '../activities/define-activity.ts';
import { escrowSecret } from '../activities/escrow-secret.ts';
import { type ObtainSecretInput, obtainSecret } from '../activities/obtain-secret.ts';
import { publishSecret } from '../activities/publish-secret.ts';
import { reconcileSecret } from '../activities/reconcile-secret.ts';
import type { SecretProgress } from '../activities/secret-work.ts';
import type { RestReason, RotationMode, RotationTrigger } from '../domain/rotation/plan.ts';
import { notAnswering, refusedStart } from '../domain/rotation/problems.ts';
import type { Requester } from '../domain/rotation/requester.ts';
import { subjectOf } from '../domain/rotation/subject.ts';
import { call, defineOrchestrator, StepFailed, type Steps, sleep } from './durable.ts';
import { noteFacts, retireAndClose } from './retire-steps.ts';
import { type RunLog, recordedRun } from './run-log.ts';
import { turnsForWork } from './turns.ts';
import { underLock } from './under-lock.ts';

export type RotateSecretInput = Readonly<{
  vault: string;
  name: string;
  trigger: RotationTrigger;
  mode: RotationMode;
  /** Why, in a person's or the sweep's words. */
  reason: string;
  by: Requester;
  /** The version to be replaced; null: whichever is current. */
  wanted: string | null;
  /** Finds out what works before anything else, whatever the plan says. */
  repair?: boolean;
  /** Only sees whether what is published works, and mends it if it does not; leaves everything alone when something is to be done anyway. */
  check?: boolean;
}>;

type WorkStep = 'check' | 'escrow' | 'obtain' | 'apply' | 'publish' | 'confirm' | 'reconcile';

const WORK: Readonly<Record<WorkStep, Readonly<{ title: string; activity: Activity<ObtainSecretInput, SecretProgress> }>>> = {
  check: { title: 'Check', activity: reconcileSecret },
  escrow: { title: 'Escrow', activity: escrowSecret },
  obtain: { title: 'Obtain', activity: obtainSecret },
  apply: { title: 'Apply', activity: applySecret },
  publish: { title: 'Publish', activity: publishSecret },
  confirm: { title: 'Confirm', activity: confirmSecret },
  reconcile: { title: 'Reconcile', activity: reconcileSecret },
};

/** A rotation that needs more steps than this goes round in circles; the sweep goes on with it later. */
const MOST_STEPS = 24;
/** So many unclear answers, and the rest is left to the sweep. */
const MOST_WAITS = 5;
/** What a target works on is asked after at growing distances, up to half an hour: for ten hours and a little more. */
const MOST_PAUSES = 24;
const LONGEST_PAUSE_MS = 1_800_000;

const REASONS: Readonly<Record<RestReason, string>> = {
  unmanaged: 'it is not managed',
  gone: 'it is not there',
  stale: 'it has a newer version already',
  'not-due': 'it is not due',
  'in-grace': 'the old credential of its last rotation is still in its grace',
  'still-used': 'the old credential of its last rotation is still used, and may be',
  'outside-window': 'its maintenance window is closed',
};

/**
 * Replaces the value of one secret: escrow, obtain (where the target makes the value), apply, publish, confirm; whichever of these is next,
 * because what was done before is found in the vault. Ends when the new value is published and works; the old one is retired by another run, after its grace.
 */
export const rotateSecret = defineOrchestrator('rotateSecret', ['rotate'], function* (context, input: RotateSecretInput) {
  const subject = subjectOf(input.vault, input.name);
  return yield* recordedRun(context, 'rotation', subject, (log) => underLock(context, log, subject, () => rotate(context, log, input)));
});

function* rotate(context: OrchestrationContext, log: RunLog, input: RotateSecretInput): Steps<Readonly<Record<string, unknown>>> {
  const ref = { vault: input.vault, name: input.name };
  const { trigger, mode, reason, by } = input;
  log.note({ secret: `${input.vault}/${input.name}`, trigger, mode, reason, by });
  let { wanted } = input;
  let isPublished = false;
  let step: WorkStep = input.check ? 'check' : input.repair ? 'reconcile' : 'escrow';
  let retired = false;
  let paused: SecretProgress['next'] | undefined;

  for (let steps = 0, waits = 0, pauses = 0; steps < MOST_STEPS && turnsForWork(context) > 0; ) {
    if (!paused) log.begin(WORK[step].title);
    const operation = paused?.step === 'pause' ? paused.operation : undefined;
    const work: ObtainSecretInput = {
      ref,
      wish: { trigger: input.trigger, mode: input.mode, wanted },
      ...(input.repair && step === 'reconcile' && { byHand: true }),
      ...(step === 'check' && { check: true }),
      ...(operation && { operation }),
    };
    const progress: SecretProgress = yield* call(context, WORK[step].activity, work);
    noteProgress(log, step, progress);
    const { done, next, base, rotationId } = progress;
    wanted ??= base;
    isPublished ||= progress.published !== undefined;
    paused = next.step === 'pause' ? next : undefined;
    if (next.step === 'pause') {
      if (++pauses > MOST_PAUSES) throw new StepFailed(notAnswering(ref.vault, ref.name, 'StillAtIt'));
      log.waiting(next.why);
      yield* sleep(context, Math.min(next.ms * 2 ** (next.operation ? pauses - 1 : 0), LONGEST_PAUSE_MS));
      continue;
    }
    steps += 1;
    if (next.step !== 'wait') log.done(done ? undefined : 'nothing to do');

    if (step === 'check' && !done) return { outcome: 'nothing', because: 'there is something to be done with it' };
    switch (next.step) {
      case 'wait':
        if (++waits > MOST_WAITS) throw new StepFailed(notAnswering(ref.vault, ref.name, next.code));
        log.waiting(`no clear answer of the target (${next.code})`);
        yield* sleep(context, next.ms);
        break;
      case 'park':
        throw new StepFailed(next.problem);
      case 'settled':
        if (next.how === 'unanswered') return { outcome: 'nothing', because: 'its target gave no clear answer' };
        return { outcome: next.how };
      case 'retire': {
        const ended = yield* retireAndClose(context, log, { ref, wish: { ...work.wish, wanted } });
        retired = ended.end === 'retired';
        if (retired && isPublished) return { outcome: 'rotated', rotationId };
        if (input.repair) return { outcome: 'sound' };
        if (ended.end === 'still-used' && input.trigger === 'request')
          throw new StepFailed(refusedStart(ref.vault, ref.name, REASONS['still-used'], ended.until));
        if (ended.end === 'still-used') return { outcome: ended.end, until: ended.until };
        // What ended was the rotation before; whether there is one to begin is asked anew.
        step = 'escrow';
        break;
      }
      case 'rest':
        if (isPublished) return { outcome: 'rotated', rotationId };
        if (input.repair) return { outcome: 'sound' };
        if (retired) return { outcome: 'retired' };
        // A person who asked is told; the sweep and events only took a look.
        if (input.trigger === 'request') throw new StepFailed(refusedStart(ref.vault, ref.name, REASONS[next.reason], next.until));
        return { outcome: 'nothing', because: REASONS[next.reason], until: next.until };
      default:
        step = next.step;
    }
  }
  throw new StepFailed(notAnswering(ref.vault, ref.name, 'TooManySteps'));
}

/** What is told and counted of one step. */
function noteProgress(log: RunLog, step: WorkStep, progress: SecretProgress): void {
  noteFacts(log, progress);
  const { done, next, base, rotationId, gapMs } = progress;
  // The audit trail tells of what was begun and of what was published, also when the run fails later.
  if (done && rotationId !== null && step !== 'check') log.note({ rotationId, base });
  if (progress.published) log.note(progress.published);
  if (gapMs !== undefined) {
    log.note({ gapMs });
    log.count('rotation_gap_seconds', {}, gapMs / 1000);
  }
  if (next.step === 'reconcile') log.count('conflicts_total', { reason: next.reason });
  if (next.step !== 'wait') return;
  if (next.because === 'unknown-outcome') log.count('unknown_outcome_total');
  if (next.because === 'throttled') log.count('throttled_total', { scope: 'target' });
  if (step === 'apply') log.count('apply_retries_total');
}
