/** Words of the durable HTTP API. */
export type RuntimeStatus = 'Pending' | 'Running' | 'Suspended' | 'Completed' | 'Failed' | 'Terminated' | 'Canceled';

/** One orchestration instance as the client API shows it. JSON texts are null when there is no value. */
export type Instance = Readonly<{
  instanceId: string;
  name: string;
  status: RuntimeStatus;
  inputJson: string | null;
  outputJson: string | null;
  customStatus: unknown;
  /** ISO 8601, UTC. */
  createdAt: string;
  updatedAt: string;
  parentInstanceId: string | null;
}>;

export type InstanceFilter = Readonly<{
  createdFrom?: string;
  createdTo?: string;
  statuses?: readonly RuntimeStatus[];
  idPrefix?: string;
  /** Where the page before this one ended. */
  continuation?: string;
  limit: number;
}>;

/** A history event with the Durable field names, without host-only fields. */
export type PublicHistoryEvent = Readonly<Record<string, unknown>>;

/** A refusal with the HTTP status that the durable client API answers. */
export class EngineRefusal extends Error {
  readonly status: 400 | 404 | 409 | 410;
  constructor(status: 400 | 404 | 409 | 410, message: string) {
    super(message);
    this.status = status;
  }
}

/** What the host's surroundings (client API, timers, tests) may ask of the orchestration engine. Each promise resolves once it is on disk. */
export interface DurableEngine {
  /** @throws {EngineRefusal} 400 unknown orchestrator or bad instance id; 409 the id is in use by a live instance. A finished instance of that id is replaced. */
  start(request: { name: string; inputJson: string | null; instanceId?: string; version?: string }): Promise<string>;
  /** @throws {EngineRefusal} 404, 410 */
  raiseEvent(instanceId: string, eventName: string, dataJson: string | null): Promise<void>;
  /** @throws {EngineRefusal} 404, 410 */
  terminate(instanceId: string, reason: string | null): Promise<void>;
  suspend(instanceId: string, reason: string | null): Promise<void>;
  resume(instanceId: string, reason: string | null): Promise<void>;
  /** Deletes finished instances with their history; live ones are left alone. Resolves to how many went. */
  purge(instanceIds: readonly string[]): Promise<number>;
  get(instanceId: string): Instance | undefined;
  list(filter: InstanceFilter): { instances: readonly Instance[]; continuation?: string };
  history(instanceId: string): readonly PublicHistoryEvent[];
  /** Resolves when the instance has ended, or to undefined after the time. */
  waitForEnd(instanceId: string, timeoutMs: number): Promise<Instance | undefined>;
  /** Live instances and queued work; for status pages and tests. */
  stats(): { live: number; queuedActivities: number; runningActivities: number; dueTimers: number };
  /** Stops taking work and closes the store; running activities are abandoned and run again after the next start. */
  stop(): Promise<void>;
}
