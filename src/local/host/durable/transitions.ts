import { type Next, nextFree } from './decision.ts';
import type { RuntimeStatus } from './engine-api.ts';
import { type Episode, type Plan, rest } from './episode.ts';
import { acknowledge, recordHistory, storeResults, type Waiting } from './live-instance.ts';
import { newMessage, type Planned, plannedMessage } from './machine.ts';
import {
  type ControlEvent,
  EndStatus,
  type EventRaised,
  EventType,
  type FailureDetails,
  type HistoryEvent,
  orchestratorCompleted,
  orchestratorStarted,
} from './protocol/events.ts';
import { type ChildEnd, subOrchestrationEnded } from './protocol/results.ts';
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
    [...history(episode, events), { op: 'putInstance', row }, ...work.changes, ...dropTimers(episode, decision.canceled)],
    () => {
      instance.row = row;
      recordHistory(instance, events);
      work.afterwards();
      rest(machine, instance);
    },
  );
}

/** The instance has returned or failed. */
export function end(episode: Episode, plan: Plan, next: Extract<Next, { kind: 'complete' | 'fail' }>): void {
  const { decision, created, fresh, customStatusJson } = plan;
  const work = planWork(episode, created, { withTimers: false });
  const ended =
    next.kind === 'complete' ? completed(next.outputJson) : failedEnd(episode.instance.row.name, next.message, next.failureDetails);
  finish(episode, { ...ended, events: [...fresh, ...created], nextNumber: decision.nextNumber, customStatusJson, work });
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
  episode.commit([...history(episode, [event]), { op: 'putInstance', row }], () => {
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

function terminate(episode: Episode, reason: string | null, event: ControlEvent): void {
  const { machine, instance, at } = episode;
  const { instanceId } = instance.row;
  finish(episode, {
    status: 'Terminated',
    endStatus: EndStatus.Terminated,
    outputJson: reason === null ? null : JSON.stringify(reason),
    toParent: { kind: 'failed', reason: reason ?? 'terminated', details: '' },
    // An instance that never ran still has to say what it was.
    events: [orchestratorStarted(at), ...instance.inbox.map(({ row }) => row.event).filter(isStart), event],
    nextNumber: nextFree(instance.created),
    customStatusJson: instance.row.customStatusJson,
    work: { changes: [{ op: 'deleteActivitiesOf', instanceId }], afterwards: () => machine.activities.removeOf(instanceId) },
  });
}

const isStart = (event: HistoryEvent): boolean => event.EventType === EventType.ExecutionStarted;

/** What the outside learns of an end. */
type End = Readonly<{
  status: RuntimeStatus;
  endStatus: number;
  outputJson: string | null;
  toParent: ChildEnd;
  failureDetails?: FailureDetails;
}>;

const completed = (outputJson: string | null): End => ({
  status: 'Completed',
  endStatus: EndStatus.Completed,
  outputJson,
  toParent: { kind: 'completed', outputJson },
});

function failedEnd(name: string, message: string, failureDetails: FailureDetails | undefined): End {
  const reason = `Orchestrator function '${name}' failed: ${message}`;
  const more = failureDetails === undefined ? {} : { failureDetails };
  return {
    status: 'Failed',
    endStatus: EndStatus.Failed,
    outputJson: JSON.stringify(reason),
    toParent: { kind: 'failed', reason, details: message, ...more },
    ...more,
  };
}

type Finish = End & Readonly<{ events: readonly HistoryEvent[]; nextNumber: number; customStatusJson: string | null; work: Planned }>;

/** Writes the end, tells the parent, and lets go of everything the instance had in memory. */
function finish(
  episode: Episode,
  { status, endStatus, outputJson, failureDetails, toParent, events, nextNumber, customStatusJson, work }: Finish,
): void {
  const { machine, instance, at } = episode;
  const { instanceId } = instance.row;
  const row: InstanceRow = { ...instance.row, status, outputJson, customStatusJson, updatedAt: at };
  const ended: HistoryEvent = {
    EventType: EventType.ExecutionCompleted,
    EventId: nextNumber,
    Timestamp: at,
    OrchestrationStatus: endStatus,
    Result: outputJson,
    ...(failureDetails ? { FailureDetails: failureDetails } : {}),
  };
  const notice = noticeToParent(episode, toParent);
  for (const timer of instance.timers.values()) machine.timers.remove(timer);

  const changes: Change[] = [{ op: 'deleteMessagesOf', instanceId }, ...history(episode, [...events, ended, orchestratorCompleted(at)])];
  episode.commit([...changes, { op: 'putInstance', row }, ...work.changes, ...notice.changes], () => {
    instance.row = row;
    if (machine.live.get(instanceId) === instance) machine.live.delete(instanceId);
    // Results that nobody hears any more, also those that came in while the end was on its way to the disk.
    machine.commits.add(acknowledge(instance.inbox));
    instance.inbox = [];
    work.afterwards();
    notice.afterwards();
    machine.waiters.ended(instanceId);
  });
}

function noticeToParent({ machine, instance, at }: Episode, end: ChildEnd): Planned {
  const { parent } = instance.row;
  const waiting = parent === null ? undefined : machine.live.get(parent.instanceId);
  if (parent === null || waiting?.row.executionId !== parent.executionId) return { changes: [], afterwards: () => {} };
  return plannedMessage(machine, newMessage(machine, parent, subOrchestrationEnded(parent.number, end, at)));
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

const history = ({ instance }: Episode, events: readonly HistoryEvent[]): Change[] => [
  { op: 'appendHistory', instanceId: instance.row.instanceId, from: instance.eventCount, events },
];

/** Forgets waiting timers by the numbers of their calls. */
function dropTimers({ machine, instance }: Episode, numbers: readonly number[]): Change[] {
  const rows = numbers.flatMap((number) => instance.timers.get(number) ?? []);
  for (const row of rows) machine.timers.remove(row);
  for (const number of numbers) instance.timers.delete(number);
  return rows.length > 0 ? [{ op: 'deleteMessages', ids: rows.map(({ id }) => id) }] : [];
}
