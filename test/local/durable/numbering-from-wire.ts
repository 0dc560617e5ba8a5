import { EventType } from '../../../src/local/host/durable/protocol/events.ts';

/** An orchestrator's answer as it travels: every call since the start, without numbers. */
export type WireAction = Readonly<{
  actionType: number;
  compoundActions?: readonly WireAction[];
  fireAt?: string;
  retryOptions?: { maxNumberOfAttempts: number };
}>;

type WireEvent = Readonly<{ EventType: number; EventId: number; Timestamp: string; TaskScheduledId?: number; TimerId?: number }>;

/** What a number stands for, as far as later numbers depend on it. */
type Meaning = Readonly<
  { kind: 'attempt'; retry: Retry } | { kind: 'retryWait'; retry: Retry } | { kind: 'longTimer'; fireAtMs: number } | { kind: 'other' }
>;
type Retry = { readonly eventType: number; readonly attempts: number; failed: number };

/** Calls by kind, in the order in which the library numbers them, but for timers and retries; -1 = takes no number. */
const CREATED: Readonly<Record<number, number>> = {
  0: EventType.TaskScheduled,
  1: EventType.TaskScheduled,
  2: EventType.SubOrchestrationInstanceCreated,
  3: EventType.SubOrchestrationInstanceCreated,
  5: EventType.TimerCreated,
};

/**
 * The numbers of an execution's calls, worked out from nothing but its history and its answers: a second opinion on the host's way, which reads them from
 * the library's memory. Exact with one message per episode.
 */
export function createWireNumbering(maximumShortMs: number) {
  /** The kind of event that each number must have in the history. */
  const expected = new Map<number, number>();
  const meanings = new Map<number, Meaning>();
  let next = 0;
  let actionsSeen = 0;
  let nowMs = 0;

  const give = (eventType: number, meaning: Meaning): void => {
    expected.set(next, eventType);
    meanings.set(next, meaning);
    next += 1;
  };

  /** Numbers that the arrival of an event uses up, before the orchestrator goes on. */
  const hear = (event: WireEvent): void => {
    const meaning = meanings.get(event.TaskScheduledId ?? event.TimerId ?? -1);
    const failed = event.EventType === EventType.TaskFailed || event.EventType === EventType.SubOrchestrationInstanceFailed;
    if (meaning?.kind === 'attempt' && failed) {
      meaning.retry.failed += 1;
      give(EventType.TimerCreated, { kind: 'retryWait', retry: meaning.retry });
    } else if (meaning?.kind === 'retryWait' && meaning.retry.failed < meaning.retry.attempts) {
      give(meaning.retry.eventType, { kind: 'attempt', retry: meaning.retry });
    } else if (meaning?.kind === 'longTimer' && meaning.fireAtMs > nowMs) {
      give(EventType.TimerCreated, meaning);
    }
  };

  const call = ({ actionType, retryOptions, fireAt }: WireAction): void => {
    const eventType = CREATED[actionType];
    if (eventType === undefined) return;
    const fireAtMs = Date.parse(fireAt ?? '');
    if (retryOptions) give(eventType, { kind: 'attempt', retry: { eventType, attempts: retryOptions.maxNumberOfAttempts, failed: 0 } });
    else if (fireAtMs - nowMs > maximumShortMs) give(eventType, { kind: 'longTimer', fireAtMs });
    else give(eventType, { kind: 'other' });
  };

  return {
    expected,
    /** One episode: the events that were new to it, and the answer to it. */
    episode(fresh: readonly WireEvent[], actions: readonly WireAction[]): void {
      for (const event of fresh) {
        if (event.EventType === EventType.OrchestratorStarted) nowMs = Math.max(nowMs, Date.parse(event.Timestamp));
        else hear(event);
      }
      const all = flat(actions);
      for (const action of all.slice(actionsSeen)) call(action);
      actionsSeen = all.length;
    },
  };
}

const flat = (actions: readonly WireAction[]): WireAction[] =>
  actions.flatMap((action) => (action.compoundActions ? flat(action.compoundActions) : [action]));
