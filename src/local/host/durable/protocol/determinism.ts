import { ActionType, flatten, isWork, type SimpleAction, type WorkAction } from './actions.ts';
import { type CreatedEvent, EventType, eventName } from './events.ts';
import type { Executor } from './executor.ts';
import { strayResults } from './numbering.ts';

/**
 * Compares the calls this replay made with those in the history: same order, kind and name. The library does not look: a renamed activity would take
 * its predecessor's result without a word.
 *
 * @param created The history's calls, in the order of their numbers.
 * @returns What differs, in words, or undefined.
 */
export function findNonDeterminism(executor: Executor, created: readonly CreatedEvent[]): string | undefined {
  const made = [...new Set(flatten(executor.actions))].filter(isWork);
  const recorded = created.filter(({ FollowUp }) => !FollowUp);

  for (const [index, event] of recorded.entries()) {
    const action = made[index];
    if (action === undefined) return `the history has ${nameOfEvent(event)}, which the code no longer calls`;
    if (!matches(action, event))
      return `call ${event.EventId} was ${nameOfEvent(event)} in the history, the code now makes ${nameOfAction(action)}`;
  }

  const [stray] = strayResults(executor);
  return stray === undefined ? undefined : `a result arrived for call ${stray}, which the code no longer makes`;
}

/** The kind of event that stands for a call. */
export function eventTypeOf({ actionType }: Pick<WorkAction, 'actionType'>): CreatedEvent['EventType'] {
  switch (actionType) {
    case ActionType.CallActivity:
    case ActionType.CallActivityWithRetry:
      return EventType.TaskScheduled;
    case ActionType.CallSubOrchestrator:
    case ActionType.CallSubOrchestratorWithRetry:
      return EventType.SubOrchestrationInstanceCreated;
    case ActionType.CreateTimer:
      return EventType.TimerCreated;
  }
}

function matches(action: WorkAction, event: CreatedEvent): boolean {
  if (eventTypeOf(action) !== event.EventType) return false;
  return !('functionName' in action) || !('Name' in event) || action.functionName.toLowerCase() === event.Name.toLowerCase();
}

const nameOfEvent = (event: CreatedEvent): string =>
  'Name' in event ? `${eventName(event.EventType)} '${event.Name}'` : eventName(event.EventType);

function nameOfAction(action: SimpleAction & WorkAction): string {
  const kind = eventName(eventTypeOf(action));
  return 'functionName' in action ? `${kind} '${action.functionName}'` : kind;
}
