import { randomUUID } from 'node:crypto';
import { newMessage, plannedMessage } from './delivery.ts';
import { EngineRefusal } from './engine-api.ts';
import { createLiveInstance } from './live-instance.ts';
import { isoNow, type Machine, type Planned } from './machine.ts';
import { EventType, type ExecutionStarted } from './protocol/events.ts';
import { type InstanceRow, isFinished, type Parent } from './store.ts';

/** 32 hexadecimal digits, like those that Azure gives. */
export const newId = (): string => randomUUID().replaceAll('-', '');

export type StartRequest = Readonly<{ name: string; inputJson: string | null; instanceId?: string; version?: string; parent?: Parent }>;

/**
 * Plans a new instance. It takes its place in memory at once, so that its id is in use from here on, and runs once it is on disk.
 *
 * @throws {EngineRefusal} 400 unknown orchestrator or bad id; 409 the id is in use.
 */
export function planStart(
  machine: Machine,
  { name, inputJson, instanceId = newId(), version = '', parent }: StartRequest,
): Planned & { instanceId: string } {
  const fn = machine.app.find(name, 'orchestrationTrigger');
  if (fn === undefined) throw new EngineRefusal(400, noSuchOrchestrator(name));
  checkInstanceId(instanceId);
  const old = machine.live.get(instanceId);
  if (old !== undefined && !isFinished(old.row)) {
    throw new EngineRefusal(409, `An orchestration instance with the id '${instanceId}' and the status ${old.row.status} already exists.`);
  }

  const at = isoNow(machine);
  const row = pendingInstance({ instanceId, name: fn.name, version, inputJson, parent: parent ?? null, at });
  machine.live.set(instanceId, createLiveInstance(row, []));
  const started = plannedMessage(machine, newMessage(machine, row, executionStarted(row, at)));
  return {
    instanceId,
    changes: [{ op: 'clearHistory', instanceId }, { op: 'deleteMessagesOf', instanceId }, { op: 'putInstance', row }, ...started.changes],
    afterwards: started.afterwards,
  };
}

/** Azure's words. */
export const noSuchOrchestrator = (name: string): string =>
  `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function.`;

const MAX_ID_LENGTH = 100;

/**
 * @throws {EngineRefusal} 400 for an id that Azure refuses or that would break the client API's URLs.
 * @see https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-instance-management#start-instances
 */
function checkInstanceId(instanceId: string): void {
  if (instanceId.startsWith('@')) throw new EngineRefusal(400, 'An instance id must not start with @: those are the ids of entities.');
  if (instanceId.length > MAX_ID_LENGTH)
    throw new EngineRefusal(400, `An instance id must not be longer than ${MAX_ID_LENGTH} characters.`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  if (/[/\\?#\x00-\x1f\x7f]/.test(instanceId))
    throw new EngineRefusal(400, 'An instance id must not contain /, \\, ?, # or control characters.');
}

/** An instance that has not run yet. */
function pendingInstance(of: {
  instanceId: string;
  name: string;
  version: string;
  inputJson: string | null;
  parent: Parent | null;
  at: string;
}): InstanceRow {
  const { at, ...rest } = of;
  return { ...rest, executionId: newId(), status: 'Pending', outputJson: null, customStatusJson: null, createdAt: at, updatedAt: at };
}

/** The first message of an execution. */
export function executionStarted({ instanceId, executionId, name, version, inputJson, parent }: InstanceRow, at: string): ExecutionStarted {
  return {
    EventType: EventType.ExecutionStarted,
    EventId: -1,
    Timestamp: at,
    Name: name,
    Version: version,
    Input: inputJson,
    OrchestrationInstance: { InstanceId: instanceId, ExecutionId: executionId },
    ParentInstance:
      parent === null
        ? null
        : {
            OrchestrationInstance: { InstanceId: parent.instanceId, ExecutionId: parent.executionId },
            Name: parent.name,
            Version: '',
            TaskScheduleId: parent.number,
          },
    Tags: null,
  };
}
