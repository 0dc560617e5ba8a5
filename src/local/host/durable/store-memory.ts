import type { InstanceFilter } from './engine-api.ts';
import type { HistoryEvent } from './protocol/events.ts';
import { type ActivityRow, type Change, type InstanceRow, isFinished, type MessageRow, type Store } from './store.ts';

/** A store that forgets everything with the process, for tests. Survives the engine: a second one may be opened on it after the first was stopped. */
export function createMemoryStore(): Store {
  const instances = new Map<string, { order: number; row: InstanceRow }>();
  const histories = new Map<string, HistoryEvent[]>();
  const messages = new Map<number, MessageRow>();
  const activities = new Map<number, ActivityRow>();
  let order = 0;
  const last = { message: 0, activity: 0 };

  const apply = (change: Change): void => {
    switch (change.op) {
      case 'putInstance':
        instances.set(change.row.instanceId, { order: instances.get(change.row.instanceId)?.order ?? ++order, row: change.row });
        break;
      case 'deleteInstance':
        instances.delete(change.instanceId);
        histories.delete(change.instanceId);
        deleteOf(messages, change.instanceId);
        deleteOf(activities, change.instanceId);
        break;
      case 'appendHistory':
        append(histories, change.instanceId, change.events);
        break;
      case 'clearHistory':
        histories.delete(change.instanceId);
        break;
      case 'addMessage':
        messages.set(change.row.id, change.row);
        last.message = Math.max(last.message, change.row.id);
        break;
      case 'deleteMessages':
        for (const id of change.ids) messages.delete(id);
        break;
      case 'deleteMessagesOf':
        deleteOf(messages, change.instanceId);
        break;
      case 'addActivity':
        activities.set(change.row.id, change.row);
        last.activity = Math.max(last.activity, change.row.id);
        break;
      case 'deleteActivity':
        activities.delete(change.id);
        break;
      case 'deleteActivitiesOf':
        deleteOf(activities, change.instanceId);
        break;
    }
  };

  return {
    commit: (changes) => changes.forEach(apply),
    loadOpen: () => ({
      instances: [...instances.values()].map(({ row }) => row).filter((row) => !isFinished(row)),
      messages: [...messages.values()].sort((a, b) => a.position - b.position),
      activities: [...activities.values()].sort((a, b) => a.id - b.id),
    }),
    lastIds: () => ({ ...last }),
    instance: (instanceId) => instances.get(instanceId)?.row,
    history: (instanceId) => [...(histories.get(instanceId) ?? [])],
    list: (filter) => page([...instances.values()], filter),
    close: () => {},
  };
}

function append(histories: Map<string, HistoryEvent[]>, instanceId: string, events: readonly HistoryEvent[]): void {
  const history = histories.get(instanceId);
  if (history) history.push(...events);
  else histories.set(instanceId, [...events]);
}

function deleteOf(rows: Map<number, { readonly instanceId: string }>, instanceId: string): void {
  for (const [id, row] of rows) if (row.instanceId === instanceId) rows.delete(id);
}

function page(all: { order: number; row: InstanceRow }[], filter: InstanceFilter): ReturnType<Store['list']> {
  const after = Number(filter.continuation ?? 0);
  const found = all.filter(({ order, row }) => order > after && fits(row, filter)).sort((a, b) => a.order - b.order);
  const shown = found.slice(0, filter.limit);
  const last = shown.at(-1);
  return { rows: shown.map(({ row }) => row), ...(found.length > shown.length && last ? { continuation: String(last.order) } : {}) };
}

function fits(row: InstanceRow, { createdFrom, createdTo, statuses, idPrefix }: InstanceFilter): boolean {
  return (
    (createdFrom === undefined || row.createdAt >= createdFrom) &&
    (createdTo === undefined || row.createdAt <= createdTo) &&
    (statuses === undefined || statuses.length === 0 || statuses.includes(row.status)) &&
    (idPrefix === undefined || row.instanceId.startsWith(idPrefix))
  );
}
