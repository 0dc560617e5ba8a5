import type { Instance, PublicHistoryEvent } from './engine-api.ts';
import { EndStatus, EventType } from './protocol/events.ts';

export type HistoryOptions = Readonly<{ showInput: boolean; showOutput: boolean }>;

/**
 * An instance in the form of the durable HTTP API. `input` and `output` are there also when empty: the client throws without them.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api#get-instance-status
 */
export function statusView(instance: Instance, showInput: boolean) {
  return {
    name: instance.name,
    instanceId: instance.instanceId,
    runtimeStatus: instance.status,
    input: showInput ? parseValue(instance.inputJson) : null,
    customStatus: instance.customStatus ?? null,
    output: parseValue(instance.outputJson),
    createdTime: wholeSeconds(instance.createdAt),
    lastUpdatedTime: wholeSeconds(instance.updatedAt),
  };
}

/** What JSON text stands for; text that is no JSON stands for itself. */
export function parseValue(json: unknown): unknown {
  if (typeof json !== 'string') return json ?? null;
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

function wholeSeconds(isoTime: string): string {
  return `${isoTime.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`;
}

/** Left out of what the API shows. */
const MARKERS: readonly unknown[] = [EventType.OrchestratorStarted, EventType.OrchestratorCompleted];
const HIDDEN = ['EventId', 'IsPlayed', 'TaskScheduledId', 'TimerId', 'Version', 'Tags', 'ParentInstance', 'OrchestrationInstance'];

const SCHEDULED: readonly unknown[] = [EventType.TaskScheduled, EventType.SubOrchestrationInstanceCreated];
const FINISHED: readonly unknown[] = [
  EventType.TaskCompleted,
  EventType.TaskFailed,
  EventType.SubOrchestrationInstanceCompleted,
  EventType.SubOrchestrationInstanceFailed,
];

const nameOf = (words: Readonly<Record<string, number>>, value: unknown): unknown =>
  Object.entries(words).find(([, number]) => number === value)?.[0] ?? value;

/**
 * A history as the durable HTTP API shows it: kinds as words, no internal numbers, and a call joined with its result once that is there.
 *
 * @param history In order, with the numbers and field names of Durable Functions.
 */
export function historyView(history: readonly PublicHistoryEvent[], options: HistoryOptions): Record<string, unknown>[] {
  const scheduled = new Map(history.filter((event) => SCHEDULED.includes(event['EventType'])).map((event) => [event['EventId'], event]));
  const answered = new Set(history.filter((event) => FINISHED.includes(event['EventType'])).map((event) => event['TaskScheduledId']));
  const shown = (event: PublicHistoryEvent): boolean =>
    !MARKERS.includes(event['EventType']) && !(SCHEDULED.includes(event['EventType']) && answered.has(event['EventId']));
  return history.filter(shown).map((event) => eventView(event, scheduled.get(event['TaskScheduledId']), options));
}

function eventView(event: PublicHistoryEvent, call: PublicHistoryEvent | undefined, { showInput, showOutput }: HistoryOptions) {
  const view: Record<string, unknown> = { ...event, EventType: nameOf(EventType, event['EventType']) };
  for (const field of HIDDEN) delete view[field];
  if (call) Object.assign(view, { FunctionName: call['Name'], ScheduledTime: call['Timestamp'], Input: call['Input'] });
  if (event['EventType'] === EventType.ExecutionStarted) {
    view['FunctionName'] = event['Name'];
    delete view['Name'];
  }
  if ('OrchestrationStatus' in view) view['OrchestrationStatus'] = nameOf(EndStatus, view['OrchestrationStatus']);
  if ('Result' in view) view['Result'] = parseValue(view['Result']);
  if (!showOutput) delete view['Result'];
  if (!showInput) delete view['Input'];
  return view;
}
