import { EventType, type FailureDetails, type SubOrchestrationResult, type TaskResult } from './events.ts';

/** What a sub-orchestration came to. */
export type ChildEnd = Readonly<
  { kind: 'completed'; outputJson: string | null } | { kind: 'failed'; reason: string; details: string; failureDetails?: FailureDetails }
>;

export function taskCompleted(number: number, value: unknown, at: string): TaskResult {
  return { EventType: EventType.TaskCompleted, EventId: -1, Timestamp: at, TaskScheduledId: number, Result: JSON.stringify(value ?? null) };
}

/** App code may only test the start of `Reason`: what follows the message differs between hosts. */
export function taskFailed(number: number, activity: string, thrown: unknown, at: string): TaskResult {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const failureDetails = failureDetailsIn(error.message);
  return {
    EventType: EventType.TaskFailed,
    EventId: -1,
    Timestamp: at,
    TaskScheduledId: number,
    Reason: `Activity function '${activity}' failed: ${failureDetails?.ErrorMessage ?? error.message}`,
    Details: error.stack ?? error.message,
    ...(failureDetails ? { FailureDetails: failureDetails } : {}),
  };
}

export function subOrchestrationEnded(number: number, end: ChildEnd, at: string): SubOrchestrationResult {
  const common = { EventId: -1, Timestamp: at, TaskScheduledId: number };
  if (end.kind === 'completed') return { EventType: EventType.SubOrchestrationInstanceCompleted, ...common, Result: end.outputJson };
  return {
    EventType: EventType.SubOrchestrationInstanceFailed,
    ...common,
    Reason: end.reason,
    Details: end.details,
    ...(end.failureDetails ? { FailureDetails: end.failureDetails } : {}),
  };
}

/** With an exception-properties provider the library puts the structured failure into the message, as JSON with camel-case names. */
function failureDetailsIn(message: string): FailureDetails | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    const { errorType, errorMessage, stackTrace, isNonRetriable, properties } = JSON.parse(message) as Record<string, unknown>;
    if (typeof errorType !== 'string' || typeof errorMessage !== 'string') return undefined;
    return {
      ErrorType: errorType,
      ErrorMessage: errorMessage,
      StackTrace: typeof stackTrace === 'string' ? stackTrace : null,
      IsNonRetriable: isNonRetriable === true,
      Properties: properties ?? null,
      InnerFailure: null,
    };
  } catch {
    return undefined;
  }
}
