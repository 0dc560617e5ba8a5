import type { OrchestrationContext, Task } from 'durable-functions';
import type { Outcome } from '../../src/activities/define-activity.ts';
import type { Orchestrator } from '../../src/orchestrators/durable.ts';

/** The world of an orchestrator that is played without a host. */
export type PlayedWorld = Readonly<{
  /** What an activity answers. @throws what it fails with */
  answer(name: string, input: unknown): Outcome<unknown>;
  /** Whether somebody raises an event while the run waits for one. */
  isNudged?(): boolean;
  /** What every orchestration ends with that it calls. */
  child?: unknown;
}>;

/** What an orchestrator asked for: `called` names the activities, in order. */
export type Played = Readonly<{ called: readonly string[]; output: unknown }>;

type Asked = Readonly<
  | { kind: 'activity'; name: string; input: unknown }
  | { kind: 'timer'; at: Date }
  | { kind: 'child' }
  | { kind: 'any'; word: { isCompleted: boolean }; at: Date }
>;

/** Plays an orchestrator to its end, in one go: nothing is replayed, and timers are over at once, by a clock of their own. */
export function playOrchestrator(orchestrator: Orchestrator<never>, input: object, id: string, world: PlayedWorld): Played {
  let now = Date.parse('2026-11-22T10:00:00.000Z');
  const asked = (one: Asked): Task => one as unknown as Task;
  const df = {
    instanceId: id,
    isReplaying: true,
    get currentUtcDateTime() {
      return new Date(now);
    },
    getInput: () => input,
    setCustomStatus: () => undefined,
    callActivity: (name: string, given: unknown) => asked({ kind: 'activity', name, input: given }),
    callSubOrchestrator: () => asked({ kind: 'child' }),
    createTimer: (at: Date) => ({ kind: 'timer', at, isCompleted: false, cancel: () => undefined }),
    waitForExternalEvent: () => ({ isCompleted: false }),
    Task: { any: ([word, due]: [{ isCompleted: boolean }, { at: Date }]) => asked({ kind: 'any', word, at: due.at }) },
  };

  const called: string[] = [];
  const resultOf = (task: Asked): unknown => {
    switch (task.kind) {
      case 'activity':
        called.push(task.name);
        return world.answer(task.name, task.input);
      case 'child':
        return world.child;
      case 'any':
        task.word.isCompleted = world.isNudged?.() ?? false;
        if (task.word.isCompleted) return undefined;
    }
    now = Math.max(now, task.at.getTime());
    return undefined;
  };

  const steps = orchestrator.handler({ df } as unknown as OrchestrationContext);
  let next = steps.next();
  while (!next.done) next = goOn(steps, () => resultOf(next.value as unknown as Asked));
  return { called, output: next.value };
}

/** Hands a generator what was worked out for it, or what that threw. */
function goOn<T, R>(steps: Generator<T, R, unknown>, work: () => unknown): IteratorResult<T, R> {
  let result: unknown;
  try {
    result = work();
  } catch (error) {
    return steps.throw(error);
  }
  return steps.next(result);
}
