import { type CreatedEvent, EventType, type HistoryEvent, isControl, isCreated } from './protocol/events.ts';
import { pastText } from './protocol/request.ts';
import type { Change, InstanceRow, MessageRow } from './store.ts';

/** A message that an instance has yet to hear. */
export type Waiting = Readonly<{
  row: MessageRow;
  /** Whether the message is on disk by itself. If not, it is the result of this activity, whose queued row still is: a crash runs it again. */
  activityId?: number;
}>;

/** An instance that has not finished, as the engine holds it in memory. */
export interface LiveInstance {
  row: InstanceRow;
  /** The history of this execution as the replay reads it, and how many events it has. */
  pastJson: string;
  eventCount: number;
  /** The calls in that history by number. */
  readonly created: Map<number, CreatedEvent>;
  inbox: Waiting[];
  /** What the running episode took out of the inbox and has not handed to the store yet. */
  taken: readonly Waiting[];
  /** Durable timers that wait for their time, by the number of their call. */
  readonly timers: Map<number, MessageRow>;
  /** Queued for an episode, in one, or waiting for its commit. */
  busy: boolean;
}

export function createLiveInstance(row: InstanceRow, history: readonly HistoryEvent[]): LiveInstance {
  const instance: LiveInstance = {
    row,
    pastJson: '',
    eventCount: 0,
    created: new Map(),
    inbox: [],
    taken: [],
    timers: new Map(),
    busy: false,
  };
  recordHistory(instance, history);
  return instance;
}

/** Adds what an episode wrote to the history. */
export function recordHistory(instance: LiveInstance, events: readonly HistoryEvent[]): void {
  if (events.length === 0) return;
  instance.pastJson += `${instance.pastJson === '' ? '' : ','}${pastText(events)}`;
  instance.eventCount += events.length;
  for (const event of events) if (isCreated(event)) instance.created.set(event.EventId, event);
}

/** Whether a message for an execution is still of interest. */
export const concerns = ({ row }: LiveInstance, message: MessageRow): boolean =>
  message.executionId === null || message.executionId === row.executionId;

/**
 * Takes the messages of one episode out of the inbox of an instance that `hasWork`.
 *
 * A request to the instance itself goes first and alone. An event that a client raised has an episode of its own:
 * the replay stops reading at a continue-as-new, and so no event can be lost behind one.
 */
export function takeBatch(instance: LiveInstance, limit: number): Waiting[] {
  const { inbox } = instance;
  const control = inbox.findIndex(({ row }) => isControl(row.event));
  if (control >= 0) return inbox.splice(control, 1);

  const lone = inbox.findIndex(isClientEvent);
  const size = lone === 0 ? 1 : lone < 0 ? inbox.length : lone;
  return inbox.splice(0, Math.min(size, limit));
}

/** Whether there is something to do: a suspended instance hears only requests to itself. */
export const hasWork = ({ inbox, row }: LiveInstance): boolean =>
  row.status === 'Suspended' ? inbox.some(({ row: { event } }) => isControl(event)) : inbox.length > 0;

const isClientEvent = ({ row }: Waiting): boolean => row.event.EventType === EventType.EventRaised && row.executionId === null;

/** Changes after which these messages never come again. */
export function acknowledge(messages: readonly Waiting[]): Change[] {
  const ids = messages.flatMap(({ row, activityId }) => (activityId === undefined ? [row.id] : []));
  const results = messages.flatMap(({ activityId }) =>
    activityId === undefined ? [] : [{ op: 'deleteActivity' as const, id: activityId }],
  );
  return ids.length > 0 ? [{ op: 'deleteMessages', ids }, ...results] : results;
}

/** Changes after which results that were only in memory are on disk. */
export function storeResults(messages: readonly Waiting[]): Change[] {
  return messages.flatMap(({ row, activityId }): Change[] =>
    activityId === undefined
      ? []
      : [
          { op: 'addMessage', row },
          { op: 'deleteActivity', id: activityId },
        ],
  );
}
