import type { LoadedApp } from '../app-model.ts';
import type { HostClock } from '../clock.ts';
import type { ActivityQueue } from './activities.ts';
import type { Commits } from './commits.ts';
import type { BoundaryPoint } from './crash-point.ts';
import { EngineRefusal } from './engine-api.ts';
import { createLiveInstance, hasWork, type LiveInstance } from './live-instance.ts';
import type { MessageEvent, TaskResult } from './protocol/events.ts';
import type { TimerLengths } from './protocol/request.ts';
import type { ReadyQueue } from './ready-queue.ts';
import { checkInstanceId, executionStarted, newId, pendingInstance } from './start.ts';
import { type ActivityRow, type Change, isFinished, type MessageRow, type Parent, type Store } from './store.ts';
import type { TimersDue } from './timers-due.ts';
import type { Waiters } from './waiters.ts';

/** One line of the engine's log. */
export type EngineLog = (level: 'info' | 'warning' | 'error', message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** The working parts that the engine's files share. */
export interface Machine {
  readonly app: LoadedApp;
  readonly store: Store;
  readonly clock: HostClock;
  readonly log: EngineLog;
  readonly timerLengths: TimerLengths;
  readonly maxMessagesPerEpisode: number;
  readonly live: Map<string, LiveInstance>;
  readonly commits: Commits;
  readonly timers: TimersDue;
  readonly activities: ActivityQueue;
  readonly ready: ReadyQueue;
  readonly waiters: Waiters;
  readonly boundary: (point: Omit<BoundaryPoint, 'ordinal'>) => void;
  nextMessageId(): number;
  nextActivityId(): number;
  stopped: boolean;
}

/** Work that is decided in memory and begins once its changes are on disk. */
export type Planned = Readonly<{ changes: readonly Change[]; afterwards: () => void }>;

export const isoNow = (machine: Machine): string => new Date(machine.clock.now()).toISOString();

/** A row for a message; to be stored, then delivered. */
export function newMessage(
  machine: Machine,
  to: { instanceId: string; executionId: string | null },
  event: MessageEvent,
  dueMs = 0,
): MessageRow {
  const id = machine.nextMessageId();
  return { id, instanceId: to.instanceId, executionId: to.executionId, dueMs, position: id, event };
}

/** Plans a message to an instance. */
export function plannedMessage(machine: Machine, row: MessageRow): Planned {
  return { changes: [{ op: 'addMessage', row }], afterwards: () => deliver(machine, row) };
}

/** Hands a stored message over: to the timers, to the inbox, or, when nobody is there, to nobody. */
export function deliver(machine: Machine, row: MessageRow): void {
  const instance = machine.live.get(row.instanceId);
  if (instance === undefined || isFinished(instance.row)) {
    machine.commits.add([{ op: 'deleteMessages', ids: [row.id] }]);
    return;
  }
  if (row.dueMs > machine.clock.now()) {
    if ('TimerId' in row.event) instance.timers.set(row.event.TimerId, row);
    machine.timers.add(row);
    return;
  }
  instance.inbox.push({ row });
  wake(machine, instance);
}

/** Gives an instance a turn when it has something to do. */
export function wake(machine: Machine, instance: LiveInstance): void {
  if (instance.busy || machine.stopped || !hasWork(instance)) return;
  instance.busy = true;
  machine.ready.add(instance);
}

/**
 * Takes an activity's result. It goes to disk with the episode that hears it; until then the queued row stays, and a crash runs the activity again. Only
 * when no episode is near, because the instance is suspended, the result is stored by itself.
 */
export function deliverResult(machine: Machine, activity: ActivityRow, event: TaskResult): void {
  const instance = machine.live.get(activity.instanceId);
  if (instance === undefined || isFinished(instance.row) || instance.row.executionId !== activity.executionId) {
    machine.commits.add([{ op: 'deleteActivity', id: activity.id }]);
    return;
  }
  const row = newMessage(machine, activity, event);
  if (instance.row.status === 'Suspended') {
    machine.commits.add(
      [
        { op: 'addMessage', row },
        { op: 'deleteActivity', id: activity.id },
      ],
      () => deliver(machine, row),
    );
    return;
  }
  instance.inbox.push({ row, activityId: activity.id });
  wake(machine, instance);
}

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
  if (fn === undefined)
    throw new EngineRefusal(400, `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function.`);
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
