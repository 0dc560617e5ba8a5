import type { Command } from 'commander';
import { Option } from 'commander';
import type { Run, RunStatus } from '../../domain/run.ts';
import type { ApiClient } from '../api/client.ts';
import { followRuns } from '../api/follow.ts';
import { EXIT, type ExitCode, type Io } from '../io.ts';
import { runProgress } from '../output/run-progress.ts';
import { seconds } from './command.ts';

/** The 202 of everything that starts a run. */
export type Accepted = Readonly<{ runId: string }>;

export type WaitOptions = Readonly<{ wait?: boolean; waitTimeout?: number }>;

/** How long a command waits for what it started; a full backup of a large HSM takes many minutes. */
const DEFAULT_WAIT_SECONDS = 4 * 3600;

export function withWaitOptions(command: Command): Command {
  return command.option('--no-wait', 'start only; do not wait for the end').addOption(waitTimeoutOption());
}

export function waitTimeoutOption(): Option {
  return new Option('--wait-timeout <seconds>', 'how long to wait for the end').argParser(seconds).default(DEFAULT_WAIT_SECONDS);
}

/** Waits for runs to end, showing their progress on stderr. @throws as {@link followRuns} */
export async function waitForRuns(api: ApiClient, ids: readonly string[], options: WaitOptions, io: Io): Promise<readonly Run[]> {
  const progress = runProgress(io);
  try {
    return await followRuns(api, ids, {
      onReading: (run) => progress.update(run),
      deadlineMs: (options.waitTimeout ?? DEFAULT_WAIT_SECONDS) * 1000,
    });
  } finally {
    progress.end();
  }
}

/** A degraded run did its work, with something to look at: only what failed or was canceled is a failure. */
export function exitFor(runs: readonly Run[]): ExitCode {
  return runs.some(({ status }) => FAILURES.has(status)) ? EXIT.failed : EXIT.done;
}

const FAILURES: ReadonlySet<RunStatus> = new Set(['Failed', 'Canceled']);
