import type { OrchestrationContext, Task } from 'durable-functions';
import type { Activity, Outcome } from '../activities/define-activity.ts';
import type { Duty } from '../domain/duty.ts';
import { notAnswered } from '../domain/problems.ts';
import { redact } from '../domain/redact.ts';
import { jitterMinutes } from '../domain/schedule.ts';
import type { Problem } from '../domain/views.ts';
import { REPEATS, THROTTLE_WAITS, waitMs } from '../domain/waiting.ts';
import { countRepeat, countTurn, repeatsLeft } from './turns.ts';

/** A part of an orchestration: yields durable tasks, ends with a value. */
export type Steps<T> = Generator<Task, T, unknown>;

export type Orchestrator<Input> = Readonly<{
  name: string;
  duties: readonly Duty[];
  handler: (context: OrchestrationContext) => Steps<unknown>;
  /** Only for the compiler: what it is started with. */
  input?: Input;
}>;

/** Defines an orchestrator; the registered name equals the export and stays, being written in running histories. */
export function defineOrchestrator<Input>(
  name: string,
  duties: readonly Duty[],
  body: (context: OrchestrationContext, input: Input) => Steps<unknown>,
): Orchestrator<Input> {
  return {
    name,
    duties,
    *handler(context) {
      return yield* body(context, context.df.getInput<Input>());
    },
  };
}

/** A step cannot be done; carries what to tell a person. */
export class StepFailed extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** An activity said that it will never do it, and why. */
export class StepRefused extends StepFailed {}

/** How often services told an orchestration to ask later; counted anew with each replay. */
const throttles = new WeakMap<OrchestrationContext, number>();

/** How often a service that takes only so many requests told this orchestration to ask later. */
export const throttlesOf = (context: OrchestrationContext): number => throttles.get(context) ?? 0;

/**
 * Runs an activity, and repeats one that fails, on durable timers. Here and not by the engine's retry policy, because the turns of an
 * orchestration are counted, those that fail too. A service that takes no more requests for now is asked again after the time that it names.
 *
 * @throws {StepRefused} when it was refused; {@link StepFailed} when it still failed after the last attempt.
 */
export function* call<Input, Output>(context: OrchestrationContext, activity: Activity<Input, Output>, input: Input): Steps<Output> {
  countTurn(context);
  for (let failures = 0; ; countRepeat(context)) {
    const outcome = yield* attempt<Output>(context.df.callActivity(activity.name, input));
    if ('failed' in outcome) {
      if (failures === REPEATS.looks || repeatsLeft(context) === 0)
        throw new StepFailed(notAnswered(`Step ${activity.name}`, outcome.failed));
      yield* sleep(context, waitMs(REPEATS, failures));
      failures += 1;
    } else if ('throttledMs' in outcome) yield* awaitTurn(context, activity.name, outcome.throttledMs);
    else return resultOf(outcome);
  }
}

function* awaitTurn(context: OrchestrationContext, name: string, throttledMs: number): Steps<void> {
  const before = throttlesOf(context);
  if (before === THROTTLE_WAITS.looks || repeatsLeft(context) === 0) throw new StepFailed(notAnswered(`Step ${name}`, 'too many requests'));
  throttles.set(context, before + 1);
  const ms = Math.max(throttledMs, waitMs(THROTTLE_WAITS, before));
  // Those who were turned away together do not come back together.
  yield* sleep(context, ms + (ms * jitterMinutes(`${context.df.instanceId} ${before}`, 100)) / 200);
}

/**
 * Runs an activity that starts work on an HSM: never repeated by a policy.
 *
 * @throws {StepRefused} when it was refused; {@link StepFailed} when it failed.
 */
export function* callOnce<Input, Output>(context: OrchestrationContext, activity: Activity<Input, Output>, input: Input): Steps<Output> {
  countTurn(context);
  const outcome = yield* attempt<Output>(context.df.callActivity(activity.name, input));
  if ('failed' in outcome) throw new StepFailed(notAnswered(`Step ${activity.name}`, outcome.failed));
  if ('throttledMs' in outcome) throw new StepFailed(notAnswered(`Step ${activity.name}`, 'too many requests'));
  return resultOf(outcome);
}

/** Waits on a durable timer. */
export function* sleep(context: OrchestrationContext, ms: number): Steps<void> {
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + ms));
}

/** `failed`: why it gave no outcome, for people. */
function* attempt<Output>(task: Task): Steps<Outcome<Output> | Readonly<{ failed: string }>> {
  try {
    return (yield task) as Outcome<Output>;
  } catch (error) {
    return { failed: reasonOf(error) };
  }
}

function resultOf<Output>(outcome: Exclude<Outcome<Output>, { throttledMs: number }>): Output {
  if ('refused' in outcome) throw new StepRefused(outcome.refused);
  return outcome.value;
}

/** "Activity function 'x' failed: <our message>", then details of the host's. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return redact(/failed: ([^\n]*)/.exec(text)?.[1] ?? text.split('\n')[0] ?? 'unknown');
}

/** What to tell a person of anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof StepFailed) return error.problem;
  const text = error instanceof Error ? error.message : String(error);
  return {
    message: `hsmkeep failed unexpectedly: ${redact(text.split('\n')[0] ?? '')}`,
    hint: 'This is a defect of hsmkeep: please report it with this text. Older backups are untouched.',
  };
}
