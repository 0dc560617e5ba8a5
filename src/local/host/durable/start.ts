import { randomUUID } from 'node:crypto';
import { EngineRefusal } from './engine-api.ts';
import { EventType, type ExecutionStarted } from './protocol/events.ts';
import type { InstanceRow, Parent } from './store.ts';

/** 32 hexadecimal digits, like those that Azure gives. */
export const newId = (): string => randomUUID().replaceAll('-', '');

const MAX_ID_LENGTH = 100;

/**
 * @throws {EngineRefusal} 400 for an id that Azure refuses or that would break the client API's URLs.
 * @see https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-instance-management#start-instances
 */
export function checkInstanceId(instanceId: string): void {
  if (instanceId.startsWith('@')) throw new EngineRefusal(400, 'An instance id must not start with @: those are the ids of entities.');
  if (instanceId.length > MAX_ID_LENGTH)
    throw new EngineRefusal(400, `An instance id must not be longer than ${MAX_ID_LENGTH} characters.`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  if (/[/\\?#\x00-\x1f\x7f]/.test(instanceId))
    throw new EngineRefusal(400, 'An instance id must not contain /, \\, ?, # or control characters.');
}

/** An instance that has not run yet. */
export function pendingInstance(of: {
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
