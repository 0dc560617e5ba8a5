import { ActionType, flatten, refusal } from './protocol/actions.ts';
import { findNonDeterminism } from './protocol/determinism.ts';
import type { CreatedEvent, FailureDetails } from './protocol/events.ts';
import type { Executor } from './protocol/executor.ts';
import { canceledTimers, type NewCall, newCalls, unreadEvents } from './protocol/numbering.ts';
import type { ReplayOutcome } from './protocol/replay.ts';

/** How an execution goes on. */
export type Next = Readonly<
  | { kind: 'wait' }
  | { kind: 'complete'; outputJson: string | null }
  | { kind: 'fail'; message: string; failureDetails?: FailureDetails }
  /** `unread` counts, by name, the events that came and were not waited for. */
  | { kind: 'continueAsNew'; inputJson: string | null; unread: ReadonlyMap<string, number> }
>;

/** What an episode leads to. */
export type Decision = Readonly<{
  next: Next;
  calls: readonly NewCall[];
  /** Numbers of waiting timers that the code cancelled. */
  canceled: readonly number[];
  /** The number after the last call. */
  nextNumber: number;
}>;

type Known = Readonly<{ created: ReadonlyMap<number, CreatedEvent>; timers: Iterable<number>; nowMs: number }>;

/** With the replay schema that the host offers, the library itself refuses critical sections, by a text that speaks of another product. */
const LOCK_REFUSAL = /^lock requires a Durable Functions extension/;
const NO_LOCKS = 'the local host does not support critical sections (df.lock)';

/** Decides what a replay means for the instance. Calls of an execution that may not go on are not started. */
export function decide(outcome: ReplayOutcome, { created, timers, nowMs }: Known): Decision {
  const { executor, end } = outcome;
  if (executor === undefined)
    return failed(end?.kind === 'threw' ? end.message : 'the handler is not an orchestrator of durable-functions', created);

  const actions = flatten(executor.actions);
  const changed = findNonDeterminism(executor, [...created.values()]);
  if (changed !== undefined)
    return failed(`Non-deterministic orchestrator: ${changed}. Code must not change under a running instance.`, created);
  const refused = refusal(actions);
  if (refused !== undefined) return failed(refused, created);

  return {
    next: nextOf(executor, outcome),
    calls: newCalls(executor, (number) => created.has(number), nowMs),
    canceled: canceledTimers(executor, timers),
    nextNumber: executor.sequenceNumber,
  };
}

/** An end that the app's code did not ask for. */
export function failed(message: string, created: ReadonlyMap<number, CreatedEvent>): Decision {
  return { next: { kind: 'fail', message }, calls: [], canceled: [], nextNumber: nextFree(created) };
}

/** The calls of a history are in the order of their numbers. */
export const nextFree = (created: ReadonlyMap<number, CreatedEvent>): number => ([...created.keys()].at(-1) ?? -1) + 1;

function nextOf(executor: Executor, { end }: ReplayOutcome): Next {
  if (end?.kind === 'threw') return { ...end, kind: 'fail', message: LOCK_REFUSAL.test(end.message) ? NO_LOCKS : end.message };

  const last = executor.actions.at(-1);
  if (last?.actionType === ActionType.ContinueAsNew) {
    return { kind: 'continueAsNew', inputJson: JSON.stringify(last.input) ?? null, unread: unreadEvents(executor) };
  }
  return end === undefined ? { kind: 'wait' } : { kind: 'complete', outputJson: end.outputJson };
}
