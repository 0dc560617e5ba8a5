/**
 * The history events of Durable Functions, with its field names and numbers: what the replay reads.
 *
 * @see https://github.com/Azure/durabletask/tree/main/src/DurableTask.Core/History
 */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventRaised: 15,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
} as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

/** How an execution ended, as `ExecutionCompleted` says it. */
export const EndStatus = { Completed: 1, Failed: 3, Terminated: 5 } as const;

/** Structured failure of an activity or orchestration; exists only when the app set an exception-properties provider. */
export type FailureDetails = Readonly<{
  ErrorType: string;
  ErrorMessage: string;
  StackTrace: string | null;
  IsNonRetriable: boolean;
  Properties: unknown;
  InnerFailure: unknown;
}>;

/** The fields of every event. `EventId` is the sequence number of a call, -1 on anything else. `Timestamp` is ISO 8601, UTC. */
type Common = Readonly<{ EventId: number; Timestamp: string }>;

/**
 * A call that the orchestrator made. `FollowUp` is the host's own note, never shown: the number was given because an event arrived (the wait after a
 * failed attempt, the next attempt, a further piece of a long timer), not because the code made a call.
 */
type Created<Type extends EventType, Fields> = Common & Readonly<{ EventType: Type; FollowUp?: true }> & Readonly<Fields>;
type Plain<Type extends EventType, Fields = unknown> = Common & Readonly<{ EventType: Type }> & Readonly<Fields>;

export type TaskScheduled = Created<typeof EventType.TaskScheduled, { Name: string; Version: string; Input: string | null }>;
export type SubOrchestrationCreated = Created<
  typeof EventType.SubOrchestrationInstanceCreated,
  { Name: string; Version: string; InstanceId: string; Input: string | null }
>;
export type TimerCreated = Created<typeof EventType.TimerCreated, { FireAt: string }>;
/** An event that stands for a call; its `EventId` is the call's number. */
export type CreatedEvent = TaskScheduled | SubOrchestrationCreated | TimerCreated;

export type ExecutionStarted = Plain<
  typeof EventType.ExecutionStarted,
  {
    Name: string;
    Version: string;
    Input: string | null;
    OrchestrationInstance: { InstanceId: string; ExecutionId: string };
    ParentInstance: unknown;
    Tags: null;
  }
>;
export type TimerFired = Plain<typeof EventType.TimerFired, { TimerId: number; FireAt: string }>;
export type EventRaised = Plain<typeof EventType.EventRaised, { Name: string; Input: string | null }>;
type Result = { TaskScheduledId: number; Result: string | null };
type Failure = { TaskScheduledId: number; Reason: string; Details: string; FailureDetails?: FailureDetails };
export type TaskResult = Plain<typeof EventType.TaskCompleted, Result> | Plain<typeof EventType.TaskFailed, Failure>;
export type SubOrchestrationResult =
  | Plain<typeof EventType.SubOrchestrationInstanceCompleted, Result>
  | Plain<typeof EventType.SubOrchestrationInstanceFailed, Failure>;

/** A request to the instance itself; handled before anything else that waits. */
export type ControlEvent =
  | Plain<typeof EventType.ExecutionTerminated, { Input: string | null }>
  | Plain<typeof EventType.ExecutionSuspended | typeof EventType.ExecutionResumed, { Reason: string | null }>;

/** What can wait in an instance's inbox. */
export type MessageEvent = ExecutionStarted | TimerFired | EventRaised | TaskResult | SubOrchestrationResult | ControlEvent;

export type HistoryEvent =
  | MessageEvent
  | CreatedEvent
  | Plain<typeof EventType.OrchestratorStarted>
  | Plain<typeof EventType.OrchestratorCompleted>
  | Plain<typeof EventType.ExecutionCompleted, { OrchestrationStatus: number; Result: string | null; FailureDetails?: FailureDetails }>;

/** The events that begin and end one episode. */
export const orchestratorStarted = (at: string): HistoryEvent => ({ EventType: EventType.OrchestratorStarted, EventId: -1, Timestamp: at });
export const orchestratorCompleted = (at: string): HistoryEvent => ({
  EventType: EventType.OrchestratorCompleted,
  EventId: -1,
  Timestamp: at,
});

export function isCreated(event: HistoryEvent): event is CreatedEvent {
  return (
    event.EventType === EventType.TaskScheduled ||
    event.EventType === EventType.SubOrchestrationInstanceCreated ||
    event.EventType === EventType.TimerCreated
  );
}

export function isControl(event: HistoryEvent): event is ControlEvent {
  return (
    event.EventType === EventType.ExecutionTerminated ||
    event.EventType === EventType.ExecutionSuspended ||
    event.EventType === EventType.ExecutionResumed
  );
}

/** An event as the outside sees it: without the host's notes, with the replay's mark. */
export function publicEvent(event: HistoryEvent, isPlayed: boolean): Readonly<Record<string, unknown>> {
  const { FollowUp, ...fields } = event as HistoryEvent & { FollowUp?: true };
  return { ...fields, IsPlayed: isPlayed };
}

/** The name of a kind of event, for messages to people. */
export const eventName = (type: EventType): string => Object.entries(EventType).find(([, value]) => value === type)?.[0] ?? String(type);
