import type { LoadedApp } from '../app-model.ts';
import type { HostClock } from '../clock.ts';
import type { ActivityQueue } from './activities.ts';
import type { Commits } from './commits.ts';
import type { BoundaryPoint } from './crash-point.ts';
import type { LiveInstance } from './live-instance.ts';
import type { TimerLengths } from './protocol/request.ts';
import type { ReadyQueue } from './ready-queue.ts';
import type { Change, Store } from './store.ts';
import type { TimersDue } from './timers-due.ts';
import type { Waiters } from './waiters.ts';

/** One line of the engine's log. */
export type EngineLog = (level: 'info' | 'warning' | 'error', message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** The working parts that the engine's files share. */
export interface Machine {
  readonly app: LoadedApp;
  readonly store: Store;
  readonly clock: HostClock;
  readonly log: EngineLog;
  readonly timerLengths: TimerLengths;
  readonly maxMessagesPerEpisode: number;
  readonly live: Map<string, LiveInstance>;
  readonly commits: Commits;
  readonly timers: TimersDue;
  readonly activities: ActivityQueue;
  readonly ready: ReadyQueue;
  readonly waiters: Waiters;
  readonly boundary: (point: Omit<BoundaryPoint, 'ordinal'>) => void;
  nextMessageId(): number;
  nextActivityId(): number;
  stopped: boolean;
}

/** Work that is decided in memory and begins once its changes are on disk. */
export type Planned = Readonly<{ changes: readonly Change[]; afterwards: () => void }>;

export const isoNow = (machine: Machine): string => new Date(machine.clock.now()).toISOString();
