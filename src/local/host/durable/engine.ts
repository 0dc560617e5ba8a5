import type { LoadedApp } from '../app-model.ts';
import type { HostClock } from '../clock.ts';
import { createActivityQueue } from './activities.ts';
import { createCommits } from './commits.ts';
import { countBoundaries, type OnBoundary } from './crash-point.ts';
import { deliver, deliverResult, newMessage, plannedMessage } from './delivery.ts';
import { type DurableEngine, EngineRefusal, type Instance } from './engine-api.ts';
import { createLiveInstance, type LiveInstance, storeResults } from './live-instance.ts';
import { type EngineLog, isoNow, type Machine } from './machine.ts';
import { type ControlEvent, EventType, type MessageEvent, publicEvent } from './protocol/events.ts';
import { checkLibrary } from './protocol/executor.ts';
import { AZURE_TIMER_LENGTHS, type TimerLengths } from './protocol/request.ts';
import { createReadyQueue } from './ready-queue.ts';
import { runEpisode } from './run-episode.ts';
import { planStart } from './start.ts';
import { type InstanceRow, isFinished, type MessageRow, type Store } from './store.ts';
import { createTimersDue } from './timers-due.ts';
import { createWaiters } from './waiters.ts';

export type EngineOptions = Readonly<{
  app: LoadedApp;
  /** Closed by the engine's `stop`. */
  store: Store;
  clock: HostClock;
  /** Activities at work at the same time; 32 when not given. */
  maxConcurrentActivities?: number;
  log?: EngineLog;
  /** Azure's 6 and 3 days when not given; shorter in tests. */
  timerLengths?: TimerLengths;
  /** No limit when not given; 1 shows the numbering of every single message in tests. */
  maxMessagesPerEpisode?: number;
  /** Called at every boundary of an activity, for crash tests. */
  onBoundary?: OnBoundary;
  /** Told when the store failed (a full disk) or the engine itself: it has stopped taking work, and only a restart helps. */
  onFatal?: (error: unknown) => void;
}>;

/**
 * The engine of orchestrations: starts them, wakes them with what they wait for, and keeps every step in the store. What was going on when the store was
 * last closed, or its process killed, goes on from there; an activity whose result was not stored runs again.
 *
 * Resolves after recovery.
 *
 * @throws {Error} when the app's `durable-functions` is not the library this engine was written for.
 */
export async function createEngine(options: EngineOptions): Promise<DurableEngine> {
  await checkLibrary(options.app);
  const machine = assemble(options);
  recover(machine);
  return publicApi(machine);
}

function assemble({ app, store, clock, onBoundary, onFatal, ...options }: EngineOptions): Machine {
  const log = options.log ?? (() => {});
  const boundary = countBoundaries(onBoundary);
  const last = store.lastIds();

  const giveUp = (message: string, error: unknown): void => {
    log('error', message, { error });
    silence(machine);
    onFatal?.(error);
  };

  const machine: Machine = {
    app,
    store,
    clock,
    log,
    boundary,
    timerLengths: options.timerLengths ?? AZURE_TIMER_LENGTHS,
    maxMessagesPerEpisode: options.maxMessagesPerEpisode ?? Number.POSITIVE_INFINITY,
    live: new Map(),
    stopped: false,
    nextMessageId: () => ++last.message,
    nextActivityId: () => ++last.activity,
    waiters: createWaiters(),
    commits: createCommits(store, (error) => giveUp('the store failed; the engine stops', error)),
    timers: createTimersDue(clock, (row) => fire(machine, row)),
    activities: createActivityQueue({
      app,
      clock,
      boundary,
      limit: options.maxConcurrentActivities ?? 32,
      finished: (row, result) => deliverResult(machine, row, result),
    }),
    ready: createReadyQueue(
      (instance) => runEpisode(machine, instance),
      (error) => giveUp('an episode failed in the engine; the engine stops', error),
    ),
  };
  return machine;
}

function recover(machine: Machine): void {
  const { instances, messages, activities } = machine.store.loadOpen();
  for (const row of instances) machine.live.set(row.instanceId, createLiveInstance(row, machine.store.history(row.instanceId)));

  // Timers that came due meanwhile are fired by `start`, in the order of their times.
  for (const row of messages) {
    if (row.dueMs === 0 || !machine.live.has(row.instanceId)) deliver(machine, row);
    else holdTimer(machine, row);
  }
  for (const row of activities) machine.activities.add(row);
  machine.timers.start();
  if (instances.length > 0) machine.log('info', 'orchestrations go on', { instances: instances.length, activities: activities.length });
}

function holdTimer(machine: Machine, row: MessageRow): void {
  if ('TimerId' in row.event) machine.live.get(row.instanceId)?.timers.set(row.event.TimerId, row);
  machine.timers.add(row);
}

function fire(machine: Machine, row: MessageRow): void {
  if ('TimerId' in row.event) machine.live.get(row.instanceId)?.timers.delete(row.event.TimerId);
  deliver(machine, row);
}

/** Begins nothing more. */
function silence(machine: Machine): void {
  machine.stopped = true;
  machine.timers.stop();
  machine.activities.stop();
  machine.waiters.stop();
}

function stop(machine: Machine): void {
  if (machine.stopped) return;
  silence(machine);
  // Results that no episode has stored: without this their activities would run again.
  const unheard = [...machine.live.values()].flatMap(({ taken, inbox }) => storeResults([...taken, ...inbox]));
  machine.commits.add(unheard);
  machine.commits.close();
  machine.store.close();
}

function publicApi(machine: Machine): DurableEngine {
  const find = (instanceId: string): InstanceRow | undefined => machine.live.get(instanceId)?.row ?? machine.store.instance(instanceId);
  const running = (): void => {
    if (machine.stopped) throw new Error('The engine has stopped.');
  };

  const send = async (instanceId: string, event: MessageEvent): Promise<void> => {
    running();
    const { row } = requireLive(machine, instanceId);
    const { changes, afterwards } = plannedMessage(machine, newMessage(machine, { ...row, executionId: null }, event));
    await machine.commits.stored(changes, afterwards);
  };
  const sendControl = (instanceId: string, make: (at: string) => ControlEvent): Promise<void> => send(instanceId, make(isoNow(machine)));

  return {
    async start(request) {
      running();
      const { instanceId, changes, afterwards } = planStart(machine, request);
      await machine.commits.stored(changes, afterwards);
      return instanceId;
    },
    async raiseEvent(instanceId, eventName, dataJson) {
      // The library looks up results by number and events by name in the same table.
      if (eventName === '' || /^\d+$/.test(eventName))
        throw new EngineRefusal(400, `'${eventName}' cannot be the name of an event: it needs a letter.`);
      await send(instanceId, {
        EventType: EventType.EventRaised,
        EventId: -1,
        Timestamp: isoNow(machine),
        Name: eventName,
        Input: dataJson,
      });
    },
    terminate: (instanceId, Input) =>
      sendControl(instanceId, (Timestamp) => ({ EventType: EventType.ExecutionTerminated, EventId: -1, Timestamp, Input })),
    suspend: (instanceId, Reason) =>
      sendControl(instanceId, (Timestamp) => ({ EventType: EventType.ExecutionSuspended, EventId: -1, Timestamp, Reason })),
    resume: (instanceId, Reason) =>
      sendControl(instanceId, (Timestamp) => ({ EventType: EventType.ExecutionResumed, EventId: -1, Timestamp, Reason })),
    async purge(instanceIds) {
      running();
      const finished = [...new Set(instanceIds)].filter((instanceId) => {
        const row = find(instanceId);
        return row !== undefined && isFinished(row);
      });
      for (const instanceId of finished) machine.activities.removeOf(instanceId);
      await machine.commits.stored(finished.map((instanceId) => ({ op: 'deleteInstance', instanceId })));
      return finished.length;
    },
    get(instanceId) {
      const row = find(instanceId);
      return row && toInstance(row);
    },
    list(filter) {
      const { rows, ...rest } = machine.store.list({
        ...filter,
        ...utc('createdFrom', filter.createdFrom),
        ...utc('createdTo', filter.createdTo),
      });
      return { instances: rows.map(toInstance), ...rest };
    },
    history: (instanceId) => machine.store.history(instanceId).map((event) => publicEvent(event, true)),
    async waitForEnd(instanceId, timeoutMs) {
      const row = find(instanceId);
      if (row !== undefined && isFinished(row)) return toInstance(row);
      if (machine.stopped || !(await machine.waiters.wait(instanceId, timeoutMs))) return undefined;
      const ended = find(instanceId);
      return ended && toInstance(ended);
    },
    stats: () => ({
      live: machine.live.size,
      queuedActivities: machine.activities.queued,
      runningActivities: machine.activities.running,
      dueTimers: machine.timers.size,
    }),
    stop: async () => stop(machine),
  };
}

function requireLive(machine: Machine, instanceId: string): LiveInstance {
  const instance = machine.live.get(instanceId);
  if (instance !== undefined && !isFinished(instance.row)) return instance;
  if (instance === undefined && machine.store.instance(instanceId) === undefined)
    throw new EngineRefusal(404, `There is no instance '${instanceId}'.`);
  throw new EngineRefusal(410, `The instance '${instanceId}' has ended.`);
}

function toInstance({
  instanceId,
  name,
  status,
  inputJson,
  outputJson,
  customStatusJson,
  createdAt,
  updatedAt,
  parent,
}: InstanceRow): Instance {
  const customStatus: unknown = customStatusJson === null ? null : JSON.parse(customStatusJson);
  return {
    instanceId,
    name,
    status,
    inputJson,
    outputJson,
    customStatus,
    createdAt,
    updatedAt,
    parentInstanceId: parent?.instanceId ?? null,
  };
}

/** A time in the form the store compares. @throws {EngineRefusal} 400 */
function utc<Key extends string>(key: Key, time: string | undefined): Partial<Record<Key, string>> {
  if (time === undefined) return {};
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) throw new EngineRefusal(400, `'${time}' is not a time.`);
  return { [key]: new Date(ms).toISOString() } as Partial<Record<Key, string>>;
}
