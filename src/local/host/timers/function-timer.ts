import type { RegisteredFunction, TypedData } from '../app-model.ts';
import type { HostClock } from '../clock.ts';
import type { CallFunction } from '../function-caller.ts';
import { errorText, type Log } from '../log.ts';
import { readRetryPolicy, runWithRetries } from '../retry-policy.ts';
import { afterRun, resumeTimer, type TimerMonitor, type TimerStatus } from './monitor.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import type { TimeZone } from './time-zone.ts';

/** How .NET writes the time of something that has not happened yet. */
const NEVER = '0001-01-01T00:00:00';

/** Schedules that fire more often are not remembered: making up for their past is of no use. */
const LEAST_MONITORED_MS = 60_000;

export type TimerSurroundings = Readonly<{ call: CallFunction; clock: HostClock; monitor: TimerMonitor; zone: TimeZone; log: Log }>;

/**
 * One timer trigger: fires at the times of its schedule, one run at a time, and makes up for a time that was missed while the host was
 * down. A run that fails does not stop the schedule; the next wait begins when the run has ended.
 */
export class FunctionTimer {
  readonly #fn: RegisteredFunction;
  readonly #around: TimerSurroundings;
  readonly #schedule: Schedule;
  readonly #monitored: boolean;
  #status: TimerStatus | undefined;
  #forget: (() => void) | undefined;
  #stopped = false;

  /** @throws {OperatorError} when the schedule cannot be read. */
  constructor(fn: RegisteredFunction, around: TimerSurroundings) {
    this.#fn = fn;
    this.#around = around;
    this.#schedule = parseSchedule(String(fn.trigger['schedule']), fn.name, around.zone);
    this.#monitored = fn.trigger['useMonitor'] !== false && !this.#isFrequent();
  }

  get functionName(): string {
    return this.#fn.name;
  }

  start(): void {
    const pastDue = this.#monitored && this.#resume();
    if (pastDue || this.#fn.trigger['runOnStartup'] === true) void this.#fire(pastDue);
    else this.#wait();
  }

  /** Fires no more; a run that has begun goes on. */
  stop(): void {
    this.#stopped = true;
    this.#forget?.();
  }

  /** What the function gets as its first argument: JSON text of the timer's status. */
  payload(isPastDue: boolean): TypedData {
    const status = this.#status;
    const ScheduleStatus = status ? { Last: status.last ?? NEVER, Next: status.next, LastUpdated: status.lastUpdated } : null;
    return { string: JSON.stringify({ Schedule: { AdjustForDST: true }, ScheduleStatus, IsPastDue: isPastDue }) };
  }

  #resume(): boolean {
    const { status, pastDue } = resumeTimer(this.#schedule, this.#around.monitor.get(this.functionName), this.#around.clock.now());
    this.#remember(status);
    return pastDue;
  }

  #wait(): void {
    if (this.#stopped) return;
    const { clock } = this.#around;
    this.#forget = clock.at(this.#schedule.next(clock.now()), () => void this.#fire(false));
  }

  async #fire(isPastDue: boolean): Promise<void> {
    const { clock, log } = this.#around;
    const startedMs = clock.now();
    log('info', 'timer fired', { function: this.functionName, isPastDue });
    try {
      await this.#run(isPastDue);
    } catch (error) {
      log('error', 'timer function failed', { function: this.functionName, reason: errorText(error) });
    }
    if (this.#monitored) this.#remember(afterRun(this.#schedule, startedMs));
    this.#wait();
  }

  #run(isPastDue: boolean): Promise<unknown> {
    const payload = this.payload(isPastDue);
    return runWithRetries(readRetryPolicy(this.#fn.retryOptions), this.#around.clock, (retryContext) =>
      this.#around.call(this.#fn, payload, { retryContext }),
    );
  }

  #remember(status: TimerStatus): void {
    this.#status = status;
    this.#around.monitor.set(this.functionName, status);
  }

  #isFrequent(): boolean {
    const first = this.#schedule.next(this.#around.clock.now());
    return this.#schedule.next(first) - first < LEAST_MONITORED_MS;
  }
}
