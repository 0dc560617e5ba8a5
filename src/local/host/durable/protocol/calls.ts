import { ActionType } from './actions.ts';
import { type CreatedEvent, EventType, type TimerFired } from './events.ts';
import type { NewCall } from './numbering.ts';

type Caller = Readonly<{ executionId: string; at: string }>;

/** The id of a sub-orchestration whose caller named none. */
const childId = (executionId: string, number: number): string => `${executionId}:${number}`;

/** The event that records a call, as the history keeps it. */
export function createdEvent({ number, followUp, work }: NewCall, { executionId, at }: Caller): CreatedEvent {
  const common = { EventId: number, Timestamp: at, ...(followUp ? { FollowUp: true as const } : {}) };
  switch (work.actionType) {
    case ActionType.CallActivity:
    case ActionType.CallActivityWithRetry:
      return { EventType: EventType.TaskScheduled, ...common, Name: work.functionName, Version: '', Input: JSON.stringify([work.input]) };
    case ActionType.CallSubOrchestrator:
    case ActionType.CallSubOrchestratorWithRetry:
      return {
        EventType: EventType.SubOrchestrationInstanceCreated,
        ...common,
        Name: work.functionName,
        Version: work.version ?? '',
        InstanceId: work.instanceId || childId(executionId, number),
        Input: JSON.stringify(work.input) ?? null,
      };
    case ActionType.CreateTimer:
      return { EventType: EventType.TimerCreated, ...common, FireAt: new Date(work.fireAtMs).toISOString() };
  }
}

/** The message that a timer's time has come. */
export const timerFired = (number: number, fireAt: string): TimerFired => ({
  EventType: EventType.TimerFired,
  EventId: -1,
  Timestamp: fireAt,
  TimerId: number,
  FireAt: fireAt,
});
