import { newMessage, plannedMessage } from './delivery.ts';
import { EngineRefusal } from './engine-api.ts';
import type { Episode } from './episode.ts';
import type { Planned } from './machine.ts';
import { timerFired } from './protocol/calls.ts';
import { type CreatedEvent, EventType, type SubOrchestrationCreated, type TaskScheduled, type TimerCreated } from './protocol/events.ts';
import { subOrchestrationEnded } from './protocol/results.ts';
import { planStart } from './start.ts';
import type { ActivityRow } from './store.ts';

/** Which work begins: an execution that ends starts what it called, but waits for nothing. */
type Choice = Readonly<{ withTimers: boolean }>;

/** Plans the work behind the calls of an episode: activities, timers, sub-orchestrations. */
export function planWork(episode: Episode, created: readonly CreatedEvent[], { withTimers }: Choice): Planned {
  const begins = created.filter(({ EventType: type }) => withTimers || type !== EventType.TimerCreated);
  const plans = begins.map((event) => planCall(episode, event));
  return {
    changes: plans.flatMap(({ changes }) => changes),
    afterwards: () => {
      for (const { afterwards } of plans) afterwards();
    },
  };
}

function planCall(episode: Episode, event: CreatedEvent): Planned {
  switch (event.EventType) {
    case EventType.TaskScheduled:
      return planActivity(episode, event);
    case EventType.SubOrchestrationInstanceCreated:
      return planChild(episode, event);
    case EventType.TimerCreated:
      return planTimer(episode, event);
  }
}

function planActivity({ machine, instance }: Episode, { EventId, Name, Input }: TaskScheduled): Planned {
  const { instanceId, executionId } = instance.row;
  const row: ActivityRow = {
    id: machine.nextActivityId(),
    instanceId,
    executionId,
    number: EventId,
    name: Name,
    inputJson: onlyElement(Input),
  };
  return { changes: [{ op: 'addActivity', row }], afterwards: () => machine.activities.add(row) };
}

/** The history keeps an activity's input as an array of one. */
const onlyElement = (json: string | null): string | null => (json === null ? null : json.slice(1, -1));

function planTimer({ machine, instance }: Episode, { EventId, FireAt }: TimerCreated): Planned {
  return plannedMessage(machine, newMessage(machine, instance.row, timerFired(EventId, FireAt), Date.parse(FireAt)));
}

/** A child that cannot be started fails like one that was. */
function planChild({ machine, instance, at }: Episode, { EventId, Name, Version, InstanceId, Input }: SubOrchestrationCreated): Planned {
  const { instanceId, executionId, name } = instance.row;
  const parent = { instanceId, executionId, name, number: EventId };
  try {
    return planStart(machine, { name: Name, version: Version, inputJson: Input, instanceId: InstanceId, parent });
  } catch (error) {
    if (!(error instanceof EngineRefusal)) throw error;
    const end = { kind: 'failed', reason: error.message, details: '' } as const;
    return plannedMessage(machine, newMessage(machine, instance.row, subOrchestrationEnded(EventId, end, at)));
  }
}
