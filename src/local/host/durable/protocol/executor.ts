import type { LoadedApp } from '../../app-model.ts';
import { triggerInput } from '../../invoke.ts';
import type { Action, RetryOptions } from './actions.ts';
import { orchestratorStarted } from './events.ts';
import { requestText } from './request.ts';

/** A task of the library. `actionObj` is the text `noOp` on the wait after a failed attempt and on the attempt after that wait. */
export type Task = Readonly<{
  id: number | string | false;
  actionObj: Action | 'noOp';
  parent?: ParentTask;
  /** Of timers only. */
  isCanceled?: boolean;
}>;

/** A compound task; the fields after `children` are those of a task with retries. */
export type ParentTask = Task &
  Readonly<{
    children: readonly Task[];
    retryOptions?: RetryOptions;
    attemptNumber?: number;
    isWaitingOnTimer?: boolean;
    innerTask?: Task;
  }>;

/** The private fields of the library's executor after a replay. The wire format does not carry the numbers of calls; these fields do. */
export type Executor = Readonly<{
  /** Calls without a result; the numeric keys are sequence numbers. */
  openTasks: Readonly<Record<string, Task>>;
  /** Results and events that nothing waits for yet. */
  deferredTasks: Readonly<Record<string, readonly unknown[]>>;
  /** The number that the next call gets. */
  sequenceNumber: number;
  actions: readonly Action[];
  willContinueAsNew: boolean;
}>;

const FIELDS: Readonly<Record<keyof Executor, (value: unknown) => boolean>> = {
  openTasks: isRecord,
  deferredTasks: isRecord,
  sequenceNumber: (value) => Number.isInteger(value),
  actions: Array.isArray,
  willContinueAsNew: (value) => typeof value === 'boolean',
};

/**
 * The executor inside an invocation context; undefined when the handler ended before it made one.
 *
 * @throws {Error} when the library keeps these fields elsewhere: another version than the one this host was written for.
 */
export function readExecutor(context: unknown): Executor | undefined {
  const df = isRecord(context) ? context['df'] : undefined;
  if (!isRecord(df)) return undefined;

  const executor = df['taskOrchestratorExecutor'];
  const moved = isRecord(executor)
    ? Object.keys(FIELDS).filter((name) => !FIELDS[name as keyof Executor](executor[name]))
    : ['taskOrchestratorExecutor'];
  if (moved.length > 0) {
    throw new Error(
      `This version of durable-functions does not fit the local host: its executor has no usable ${moved.join(', ')}. Install durable-functions 3.5.`,
    );
  }
  return executor as Executor;
}

/**
 * Start-up check that the app's library has the private fields the host reads: replays a history in which nothing has begun, so that no
 * orchestrator begins (the app's invocation hooks see one call).
 *
 * @throws {Error} naming the fields that are gone.
 */
export async function checkLibrary(app: LoadedApp): Promise<void> {
  const [fn] = app.ofType('orchestrationTrigger');
  if (fn === undefined) return;

  const nothingBegun = requestText({
    instanceId: 'start-up-check',
    parentInstanceId: null,
    inputJson: null,
    pastJson: '',
    fresh: [orchestratorStarted('2000-01-01T00:00:00.000Z')],
    timers: { maximumShort: '6.00:00:00', longInterval: '3.00:00:00' },
  });
  const { context } = await app.invoke(fn, [triggerInput(fn, { string: nothingBegun })], { rawOnly: true });
  if (readExecutor(context) === undefined) throw new Error(`Function '${fn.name}' is not an orchestrator of durable-functions 3.5.`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
