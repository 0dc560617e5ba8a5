import { type Next, nextFree } from './decision.ts';
import { newMessage, plannedMessage } from './delivery.ts';
import type { RuntimeStatus } from './engine-api.ts';
import { appendHistory, type Episode, type Plan } from './episode.ts';
import { acknowledge } from './live-instance.ts';
import type { Planned } from './machine.ts';
import {
  type ControlEvent,
  EndStatus,
  EventType,
  type FailureDetails,
  type HistoryEvent,
  orchestratorCompleted,
  orchestratorStarted,
} from './protocol/events.ts';
import { type ChildEnd, subOrchestrationEnded } from './protocol/results.ts';
import type { Change, InstanceRow } from './store.ts';
import { planWork } from './work.ts';

/** The instance has returned or failed. */
export function end(episode: Episode, plan: Plan, next: Extract<Next, { kind: 'complete' | 'fail' }>): void {
  const { decision, created, fresh, customStatusJson } = plan;
  const work = planWork(episode, created, { withTimers: false });
  const ended =
    next.kind === 'complete' ? completed(next.outputJson) : failedEnd(episode.instance.row.name, next.message, next.failureDetails);
  finish(episode, { ...ended, events: [...fresh, ...created], nextNumber: decision.nextNumber, customStatusJson, work });
}

/** A client ended the instance: what it still had to do is dropped, its children go on. */
export function terminate(episode: Episode, reason: string | null, event: ControlEvent): void {
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

  const changes: Change[] = [{ op: 'deleteMessagesOf', instanceId }, appendHistory(episode, [...events, ended, orchestratorCompleted(at)])];
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
