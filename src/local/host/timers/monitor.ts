import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../../../domain/errors.ts';
import { writeFileAtomically } from '../atomic-file.ts';
import type { Schedule } from './schedule.ts';

const status = z.object({
  /** ISO 8601; null before the first run. */
  last: z.string().nullable(),
  next: z.string(),
  lastUpdated: z.string(),
});

/** What is remembered of one timer between starts of the host, so that a time missed meanwhile is made up for. */
export type TimerStatus = Readonly<z.infer<typeof status>>;

/** Timer statuses by function name, in one file of the data folder. */
export class TimerMonitor {
  readonly #path: string;
  readonly #statuses: Map<string, TimerStatus>;
  #closed = false;

  /** @throws {OperatorError} when the file is damaged. */
  constructor(dataDir: string) {
    this.#path = join(dataDir, 'timers.json');
    this.#statuses = new Map(existsSync(this.#path) ? Object.entries(readStatuses(this.#path)) : []);
  }

  get(functionName: string): TimerStatus | undefined {
    return this.#statuses.get(functionName);
  }

  /** On disk when it returns; nothing happens once closed. */
  set(functionName: string, timerStatus: TimerStatus): void {
    if (this.#closed) return;
    this.#statuses.set(functionName, timerStatus);
    writeFileAtomically(this.#path, `${JSON.stringify(Object.fromEntries(this.#statuses), undefined, 2)}\n`);
  }

  /** Before the data folder is given back: a run that ends later must not write there. */
  close(): void {
    this.#closed = true;
  }
}

function readStatuses(path: string): Record<string, TimerStatus> {
  try {
    return z.record(z.string(), status).parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new OperatorError(`The timer file ${path} is damaged.`, 'Put it right, or delete it: no missed time is then made up for.', {
      cause: error,
    });
  }
}

/**
 * What the host does with a timer when it starts: the status to keep from now on, and whether a time was missed.
 *
 * A remembered next time that is not the schedule's own means that the schedule was changed: it starts anew, without a run.
 *
 * @param nowMs Epoch milliseconds.
 */
export function resumeTimer(
  schedule: Schedule,
  remembered: TimerStatus | undefined,
  nowMs: number,
): { status: TimerStatus; pastDue: boolean } {
  if (!remembered) return { status: neverRun(schedule, nowMs), pastDue: false };

  const expectedMs = schedule.next(Date.parse(remembered.last ?? remembered.lastUpdated));
  if (expectedMs === Date.parse(remembered.next)) return { status: remembered, pastDue: nowMs > expectedMs };

  const from = nowMs > expectedMs ? nowMs : Date.parse(remembered.last ?? remembered.lastUpdated);
  return { status: neverRun(schedule, from), pastDue: false };
}

/** The status after a run that began at this time. */
export function afterRun(schedule: Schedule, ranAtMs: number): TimerStatus {
  const last = new Date(ranAtMs).toISOString();
  return { last, next: new Date(schedule.next(ranAtMs)).toISOString(), lastUpdated: last };
}

function neverRun(schedule: Schedule, nowMs: number): TimerStatus {
  return { last: null, next: new Date(schedule.next(nowMs)).toISOString(), lastUpdated: new Date(nowMs).toISOString() };
}
