import type { Decision } from './decision.ts';
import { wake } from './delivery.ts';
import { acknowledge, concerns, type LiveInstance, type Waiting } from './live-instance.ts';
import type { Machine } from './machine.ts';
import { type CreatedEvent, EventType, type HistoryEvent, type MessageEvent } from './protocol/events.ts';
import type { Change } from './store.ts';

/** One turn of one instance: what it heard, and when. */
export type Episode = Readonly<{
  machine: Machine;
  instance: LiveInstance;
  heard: readonly MessageEvent[];
  atMs: number;
  /** The same, ISO 8601. */
  at: string;
  /** Stores what the episode changed together with the end of its messages, then goes on. */
  commit(changes: readonly Change[], afterwards: () => void): void;
}>;

/** What the orchestrator made of the messages. `fresh` are the events of the episode, up to the calls. */
export type Plan = Readonly<{
  decision: Decision;
  created: readonly CreatedEvent[];
  fresh: readonly HistoryEvent[];
  customStatusJson: string | null;
}>;

/** @param batch What was taken out of the inbox; messages for an earlier execution end here unheard. */
export function beginEpisode(machine: Machine, instance: LiveInstance, batch: readonly Waiting[]): Episode {
  const messages = batch.filter(({ row }) => concerns(instance, row)).map(({ row }) => row);
  // Time never runs back within an instance, nor behind a timer it hears of, whatever the clock does: the replay computes with it.
  const atMs = Math.max(machine.clock.now(), Date.parse(instance.row.updatedAt), ...messages.map(({ dueMs }) => dueMs));
  const heard = messages.map(({ event }) => event);
  const finished = namesOfResults(instance, heard);
  const { instanceId } = instance.row;

  return {
    machine,
    instance,
    heard,
    atMs,
    at: new Date(atMs).toISOString(),
    commit(changes, afterwards) {
      instance.taken = [];
      machine.commits.add([...acknowledge(batch), ...changes], () => {
        for (const name of finished) machine.boundary({ kind: 'episode-committed', instanceId, name });
        afterwards();
      });
    },
  };
}

/** The instance has had its turn; gives it another when something came meanwhile. */
export function rest(machine: Machine, instance: LiveInstance): void {
  instance.busy = false;
  wake(machine, instance);
}

/** The activities whose results the episode hears. */
function namesOfResults({ created }: LiveInstance, heard: readonly MessageEvent[]): string[] {
  return heard.flatMap((event) => {
    if (event.EventType !== EventType.TaskCompleted && event.EventType !== EventType.TaskFailed) return [];
    const call = created.get(event.TaskScheduledId);
    return call !== undefined && 'Name' in call ? [call.Name] : [];
  });
}

/** The events of the episode as a change: the history grows at its end. */
export const appendHistory = ({ instance }: Episode, events: readonly HistoryEvent[]): Change => ({
  op: 'appendHistory',
  instanceId: instance.row.instanceId,
  from: instance.eventCount,
  events,
});
