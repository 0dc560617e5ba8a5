import { hasWork, type LiveInstance } from './live-instance.ts';
import type { Machine, Planned } from './machine.ts';
import type { MessageEvent, TaskResult } from './protocol/events.ts';
import { type ActivityRow, isFinished, type MessageRow } from './store.ts';

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
