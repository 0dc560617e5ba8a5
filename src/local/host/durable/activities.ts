import type { LoadedApp } from '../app-model.ts';
import type { HostClock } from '../clock.ts';
import { activityInput, fromTypedData, triggerInput } from '../invoke.ts';
import type { BoundaryPoint } from './crash-point.ts';
import type { TaskResult } from './protocol/events.ts';
import { taskCompleted, taskFailed } from './protocol/results.ts';
import type { ActivityRow } from './store.ts';

/** Runs activities, first come first served, so many at a time. */
export interface ActivityQueue {
  add(row: ActivityRow): void;
  /** Forgets what has not begun. */
  removeOf(instanceId: string): void;
  readonly queued: number;
  readonly running: number;
  /** Begins nothing more and ignores what is still running. */
  stop(): void;
}

type Options = Readonly<{
  app: LoadedApp;
  clock: HostClock;
  limit: number;
  boundary: (point: Omit<BoundaryPoint, 'ordinal'>) => void;
  /** Told the result of every activity that was added. */
  finished: (row: ActivityRow, result: TaskResult) => void;
}>;

export function createActivityQueue({ app, clock, limit, boundary, finished }: Options): ActivityQueue {
  let queue: ActivityRow[] = [];
  let running = 0;
  let stopped = false;

  const run = async (row: ActivityRow): Promise<void> => {
    const { instanceId, name } = row;
    boundary({ kind: 'activity-started', instanceId, name });
    const result = await runActivity(app, clock, row);
    running -= 1;
    if (stopped) return;
    boundary({ kind: 'activity-finished', instanceId, name });
    finished(row, result);
    pump();
  };

  const pump = (): void => {
    while (!stopped && running < limit) {
      const next = queue.shift();
      if (next === undefined) return;
      running += 1;
      void run(next);
    }
  };

  return {
    add(row) {
      queue.push(row);
      pump();
    },
    removeOf(instanceId) {
      queue = queue.filter((row) => row.instanceId !== instanceId);
    },
    get queued() {
      return queue.length;
    },
    get running() {
      return running;
    },
    stop() {
      stopped = true;
      queue = [];
    },
  };
}

/** Never throws: a failure is a result too. */
async function runActivity(app: LoadedApp, clock: HostClock, { instanceId, number, name, inputJson }: ActivityRow): Promise<TaskResult> {
  const at = (): string => new Date(clock.now()).toISOString();
  try {
    const fn = app.find(name, 'activityTrigger');
    if (fn === undefined) throw new Error(`The function '${name}' doesn't exist, is disabled, or is not an activity function.`);

    const data = activityInput(inputJson === null ? null : JSON.parse(inputJson));
    const { response } = await app.invoke(fn, [triggerInput(fn, data)], { triggerMetadata: { instanceId: { string: instanceId }, data } });
    return taskCompleted(number, fromTypedData(response?.returnValue), at());
  } catch (error) {
    return taskFailed(number, name, error, at());
  }
}
