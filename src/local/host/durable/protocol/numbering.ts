import { type Action, ActionType, actionObjects, retryDelayMs, type WorkAction } from './actions.ts';
import type { Executor, ParentTask, Task } from './executor.ts';

/** A call that has no event in the history yet. `number` is its sequence number. */
export type NewCall = Readonly<{
  number: number;
  /** Numbered because an event arrived, not because the code called. */
  followUp: boolean;
  work:
    | Exclude<WorkAction, { actionType: 5 }>
    | Readonly<{ actionType: typeof ActionType.CreateTimer; fireAtMs: number; canceled: boolean }>;
}>;

/**
 * The calls that the host must start now, in the order of their numbers, read from the library's executor: each open task without an event is new and
 * its key is its number. A task yielded after `continueAsNew` has a number too but is in no list of actions, and must not run.
 *
 * @param known Whether the history has an event with this number.
 * @param nowMs The time of the episode: waits between attempts start there.
 * @see https://github.com/Azure/azure-functions-durable-js/blob/v3.x/src/orchestrations/TaskOrchestrationExecutor.ts
 */
export function newCalls(executor: Executor, known: (number: number) => boolean, nowMs: number): NewCall[] {
  const listed = actionObjects(executor.actions);
  return openNumbers(executor)
    .filter((number) => !known(number))
    .flatMap((number) => {
      const task = executor.openTasks[number];
      return task !== undefined && isListed(task, listed) ? [toCall(number, task, nowMs)] : [];
    });
}

/** Numbers of open timers that the code cancelled. */
export function canceledTimers({ openTasks }: Executor, numbers: Iterable<number>): number[] {
  return [...numbers].filter((number) => {
    const task = openTasks[number];
    return task !== undefined && isCanceled(task);
  });
}

const isNumber = (key: string): boolean => /^\d+$/.test(key);

function openNumbers({ openTasks }: Executor): number[] {
  return Object.keys(openTasks)
    .filter(isNumber)
    .map(Number)
    .sort((a, b) => a - b);
}

/** Numbers that a result arrived for although this replay never made the call. */
export const strayResults = ({ deferredTasks }: Executor): number[] => Object.keys(deferredTasks).filter(isNumber).map(Number);

/** How many events of each name nothing has waited for yet. */
export function unreadEvents({ deferredTasks }: Executor): Map<string, number> {
  const names = Object.entries(deferredTasks).filter(([key]) => !isNumber(key));
  return new Map(names.map(([name, waiting]) => [name, waiting.length]));
}

const isCanceled = ({ isCanceled, parent }: Task): boolean => isCanceled === true || parent?.isCanceled === true;

function isListed(task: Task, listed: ReadonlySet<unknown>): boolean {
  for (let at: Task | undefined = task; at !== undefined; at = at.parent) if (listed.has(at.actionObj)) return true;
  return false;
}

function toCall(number: number, task: Task, nowMs: number): NewCall {
  if (task.actionObj === 'noOp') return { number, followUp: true, work: retryWork(task, nowMs) };

  const action = task.actionObj;
  if (action.actionType === ActionType.CreateTimer) {
    const work = { actionType: action.actionType, fireAtMs: action.fireAt.getTime(), canceled: isCanceled(task) };
    return { number, followUp: isLaterPiece(task), work };
  }
  return { number, followUp: false, work: startable(action) };
}

/** A long timer is a compound task whose children are its pieces so far. */
const isLaterPiece = (task: Task): boolean =>
  task.parent !== undefined && isTimer(task.parent.actionObj) && task.parent.children[0] !== task;

const isTimer = (action: Action | 'noOp'): boolean => action !== 'noOp' && action.actionType === ActionType.CreateTimer;

/** The wait after a failed attempt, or the attempt after that wait. */
function retryWork({ parent }: Task, nowMs: number): NewCall['work'] {
  const { retryOptions, attemptNumber, isWaitingOnTimer, innerTask } = parent ?? ({} as Partial<ParentTask>);
  if (retryOptions === undefined || attemptNumber === undefined || innerTask === undefined)
    throw new Error('A task without an action belongs to no retry.');

  if (!isWaitingOnTimer) return startable(innerTask.actionObj);
  return { actionType: ActionType.CreateTimer, fireAtMs: nowMs + retryDelayMs(retryOptions, attemptNumber - 1), canceled: false };
}

function startable(action: Action | 'noOp'): Exclude<WorkAction, { actionType: 5 }> {
  if (action !== 'noOp' && 'functionName' in action) return action;
  throw new Error(`The host cannot start the call ${JSON.stringify(action)}.`);
}
