import { type HistoryEvent, publicEvent } from './events.ts';

/** The newest replay schema that the Durable extension of 2024 to mid-2026 offers: long timers in the library, no critical sections. */
const SCHEMA_VERSION = 2;

/** How the library cuts long timers: one beyond `maximumShort` becomes pieces of `longInterval`. .NET time spans (`d.hh:mm:ss.fffffff`). */
export type TimerLengths = Readonly<{ maximumShort: string; longInterval: string }>;

/** Azure's lengths. */
export const AZURE_TIMER_LENGTHS: TimerLengths = { maximumShort: '6.00:00:00', longInterval: '3.00:00:00' };

export type ReplayRequest = Readonly<{
  instanceId: string;
  parentInstanceId: string | null;
  /** JSON text. */
  inputJson: string | null;
  /** The events of earlier episodes as `pastText` made them; empty in the first. */
  pastJson: string;
  /** The events of this episode, its `OrchestratorStarted` first. */
  fresh: readonly HistoryEvent[];
  timers: TimerLengths;
}>;

/** Events of a finished episode as text, to be joined with commas: they are sent again in every later episode, so they are written once. */
export const pastText = (events: readonly HistoryEvent[]): string => events.map((event) => JSON.stringify(publicEvent(event, true))).join();

/** What an orchestrator's handler is given: one JSON object with the complete history. */
export function requestText({ instanceId, parentInstanceId, inputJson, pastJson, fresh, timers }: ReplayRequest): string {
  const freshJson = fresh.map((event) => JSON.stringify(publicEvent(event, false))).join();
  const history = pastJson === '' ? freshJson : `${pastJson},${freshJson}`;
  const rest = JSON.stringify({
    instanceId,
    isReplaying: pastJson !== '',
    parentInstanceId,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: SCHEMA_VERSION,
    longRunningTimerIntervalDuration: timers.longInterval,
    maximumShortTimerDuration: timers.maximumShort,
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  });
  return `{"history":[${history}],"input":${inputJson ?? 'null'},${rest.slice(1)}`;
}
