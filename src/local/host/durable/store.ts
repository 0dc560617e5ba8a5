import type { InstanceFilter, RuntimeStatus } from './engine-api.ts';
import type { HistoryEvent, MessageEvent } from './protocol/events.ts';

/** Who waits for a sub-orchestration: the call `number` of that execution. */
export type Parent = Readonly<{ instanceId: string; executionId: string; name: string; number: number }>;

/** One orchestration instance as it is kept. JSON texts are null when there is no value; times are ISO 8601, UTC. */
export type InstanceRow = Readonly<{
  instanceId: string;
  /** Changes with continue-as-new. Work done for an earlier execution no longer counts. */
  executionId: string;
  name: string;
  version: string;
  status: RuntimeStatus;
  inputJson: string | null;
  outputJson: string | null;
  customStatusJson: string | null;
  createdAt: string;
  updatedAt: string;
  parent: Parent | null;
}>;

/** Something an instance has to be told once `dueMs` is reached (0 = now). Any execution when `executionId` is null, else only that one. */
export type MessageRow = Readonly<{
  id: number;
  instanceId: string;
  executionId: string | null;
  dueMs: number;
  /** Messages of one instance are taken in this order; normally the id. */
  position: number;
  event: MessageEvent;
}>;

/** An activity that was called and has no stored result. */
export type ActivityRow = Readonly<{
  id: number;
  instanceId: string;
  executionId: string;
  /** The call's sequence number. */
  number: number;
  name: string;
  /** JSON text. */
  inputJson: string | null;
}>;

/** One step of a transaction. */
export type Change =
  | Readonly<{ op: 'putInstance'; row: InstanceRow }>
  /** The instance with its history, messages and activities. */
  | Readonly<{ op: 'deleteInstance'; instanceId: string }>
  | Readonly<{ op: 'appendHistory'; instanceId: string; from: number; events: readonly HistoryEvent[] }>
  | Readonly<{ op: 'clearHistory'; instanceId: string }>
  | Readonly<{ op: 'addMessage'; row: MessageRow }>
  | Readonly<{ op: 'deleteMessages'; ids: readonly number[] }>
  | Readonly<{ op: 'deleteMessagesOf'; instanceId: string }>
  | Readonly<{ op: 'addActivity'; row: ActivityRow }>
  | Readonly<{ op: 'deleteActivity'; id: number }>
  | Readonly<{ op: 'deleteActivitiesOf'; instanceId: string }>;

/** What a start finds of the work that was going on. */
export type OpenWork = Readonly<{ instances: readonly InstanceRow[]; messages: readonly MessageRow[]; activities: readonly ActivityRow[] }>;

/**
 * Where the engine keeps everything that must survive it. One process at a time.
 *
 * Reads see all committed changes. An instance is *finished* when its status is Completed, Failed, Terminated or Canceled.
 */
export interface Store {
  /** All changes or none; on disk when it returns. */
  commit(changes: readonly Change[]): void;
  /** Instances that are not finished, and every message (by position) and activity (by id). */
  loadOpen(): OpenWork;
  /** The highest ids given so far. */
  lastIds(): { message: number; activity: number };
  instance(instanceId: string): InstanceRow | undefined;
  history(instanceId: string): HistoryEvent[];
  /** In the order of creation. */
  list(filter: InstanceFilter): { rows: InstanceRow[]; continuation?: string };
  close(): void;
}

/** The statuses from which an instance goes nowhere. */
const FINISHED: readonly RuntimeStatus[] = ['Completed', 'Failed', 'Terminated', 'Canceled'];

export const isFinished = ({ status }: Pick<InstanceRow, 'status'>): boolean => FINISHED.includes(status);
