import type { Next } from './decision.ts';
import { newMessage } from './delivery.ts';
import { terminate } from './ending.ts';
import { appendHistory, type Episode, type Plan, rest } from './episode.ts';
import { recordHistory, storeResults, type Waiting } from './live-instance.ts';
import { type ControlEvent, type EventRaised, EventType, type HistoryEvent, orchestratorCompleted } from './protocol/events.ts';
import { executionStarted, newId } from './start.ts';
import type { Change, InstanceRow } from './store.ts';
import { planWork } from './work.ts';

/** The instance waits for what it called. */
export function goOn(episode: Episode, { decision, created, fresh, customStatusJson }: Plan): void {
  const { machine, instance, at } = episode;
  const row: InstanceRow = { ...instance.row, status: 'Running', updatedAt: at, customStatusJson };
  const events = [...fresh, ...created, orchestratorCompleted(at)];
  const canceledNow = new Set(decision.calls.flatMap(({ number, work }) => ('canceled' in work && work.canceled ? [number] : [])));
  const work = planWork(
    episode,
    created.filter(({ EventId }) => !canceledNow.has(EventId)),
    { withTimers: true },
  );

  episode.commit(
    [appendHistory(episode, events), { op: 'putInstance', row }, ...work.changes, ...dropTimers(episode, decision.canceled)],
    () => {
      instance.row = row;
      recordHistory(instance, events);
      work.afterwards();
      rest(machine, instance);
    },
  );
}

/** A request to the instance itself. */
export function control(episode: Episode, event: ControlEvent): void {
  if (event.EventType === EventType.ExecutionTerminated) terminate(episode, event.Input, event);
  else pause(episode, event, { suspend: event.EventType === EventType.ExecutionSuspended });
}

function pause(episode: Episode, event: ControlEvent, { suspend }: { suspend: boolean }): void {
  const { machine, instance, at } = episode;
  const resumed = instance.row.status === 'Suspended' ? 'Running' : instance.row.status;
  const row: InstanceRow = { ...instance.row, status: suspend ? 'Suspended' : resumed, updatedAt: at };
  episode.commit([appendHistory(episode, [event]), { op: 'putInstance', row }], () => {
    instance.row = row;
    recordHistory(instance, [event]);
    if (suspend) {
      // No episode will store these results soon.
      machine.commits.add(storeResults(instance.inbox));
      instance.inbox = instance.inbox.map((waiting) => ({ row: waiting.row }));
    }
    rest(machine, instance);
  });
}

/**
 * A new execution takes over: its history is empty and its numbers begin at 0, so everything addressed to the old one is dropped. Events that nothing
 * waited for travel on, before those that came later.
 */
export function continueAsNew(episode: Episode, { created, customStatusJson }: Plan, next: Extract<Next, { kind: 'continueAsNew' }>): void {
  const { machine, instance, at } = episode;
  const row: InstanceRow = {
    ...instance.row,
    executionId: newId(),
    inputJson: next.inputJson,
    status: 'Running',
    updatedAt: at,
    customStatusJson,
  };
  const unread = unreadEvents(episode, next.unread);
  const before = Math.min(0, ...instance.inbox.map((waiting) => waiting.row.position)) - unread.length - 1;
  const opening: Waiting[] = [executionStarted(row, at), ...unread].map((event, index) => ({
    row: { ...newMessage(machine, { ...row, executionId: index === 0 ? row.executionId : null }, event), position: before + index },
  }));
  const work = planWork(episode, created, { withTimers: false });

  const changes: Change[] = [
    { op: 'clearHistory', instanceId: row.instanceId },
    { op: 'putInstance', row },
  ];
  const messages = opening.map((message): Change => ({ op: 'addMessage', row: message.row }));
  episode.commit([...changes, ...messages, ...work.changes, ...dropTimers(episode, [...instance.timers.keys()])], () => {
    Object.assign(instance, { row, pastJson: '', eventCount: 0, inbox: [...opening, ...instance.inbox] });
    instance.created.clear();
    work.afterwards();
    rest(machine, instance);
  });
}

/** The last events of each name, as many as nothing waited for, in the order in which they came. */
function unreadEvents({ machine, instance, heard }: Episode, counts: ReadonlyMap<string, number>): EventRaised[] {
  if (counts.size === 0) return [];
  const left = new Map(counts);
  const isRaised = (event: HistoryEvent): event is EventRaised => event.EventType === EventType.EventRaised;
  const raised = [...machine.store.history(instance.row.instanceId), ...heard].filter(isRaised);
  return raised
    .toReversed()
    .filter(({ Name }) => {
      const count = left.get(Name) ?? 0;
      left.set(Name, count - 1);
      return count > 0;
    })
    .toReversed();
}

/** Forgets waiting timers by the numbers of their calls. */
function dropTimers({ machine, instance }: Episode, numbers: readonly number[]): Change[] {
  const rows = numbers.flatMap((number) => instance.timers.get(number) ?? []);
  for (const row of rows) machine.timers.remove(row);
  for (const number of numbers) instance.timers.delete(number);
  return rows.length > 0 ? [{ op: 'deleteMessages', ids: rows.map(({ id }) => id) }] : [];
}
