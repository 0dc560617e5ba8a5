import type { Run, RunStatus, Step } from '../../domain/run.ts';
import type { Io } from '../io.ts';
import { type Style, styleFor, styleState } from './style.ts';
import { elapsed, printable } from './words.ts';

/** Shows how runs get on: a line for each step that ended and, on a terminal, one live line of what goes on now. */
export interface RunProgress {
  /** Takes the newest reading of a run; one that brings nothing new prints nothing. */
  update(run: Run): void;
  /** Removes the live line. */
  end(): void;
}

const DEFAULT_COLUMNS = 80;

const STEP_WORD: Readonly<Record<Step['status'], string>> = {
  Running: 'running',
  Waiting: 'waiting',
  Completed: 'done',
  Skipped: 'skipped',
  Degraded: 'degraded',
  Failed: 'failed',
  Canceled: 'canceled',
};

/** Progress goes to stderr: it is never part of a result. */
export function runProgress(io: Io): RunProgress {
  const output = io.stderr;
  const style = styleFor(output, io.env);
  const told = new Map<string, Set<string>>();
  const live = new Map<string, string>();
  let liveShown = false;

  const eraseLive = (): void => {
    if (liveShown) output.write('\r\u001b[2K');
    liveShown = false;
  };
  const drawLive = (): void => {
    eraseLive();
    // A line that wraps could not be erased.
    const text = [...live.values()].join('   ').slice(0, (output.columns ?? DEFAULT_COLUMNS) - 1);
    if (!output.isTTY || text === '') return;
    output.write(style.dim(text));
    liveShown = true;
  };

  return {
    update(run) {
      const seen = told.get(run.id) ?? new Set<string>();
      told.set(run.id, seen);
      const lines = news(run, io.now(), style).filter(({ key }) => !seen.has(key));
      for (const { key, line } of lines) {
        eraseLive();
        seen.add(key);
        output.write(`${line}\n`);
      }

      const current = run.endedAt === null ? run.steps.findLast(({ endedAt }) => endedAt === null) : undefined;
      if (current) live.set(run.id, `${title(run)}: ${printable(current.name)} (${elapsed(current.startedAt, null, io.now())})`);
      else live.delete(run.id);
      drawLive();
    },
    end() {
      live.clear();
      eraseLive();
    },
  };
}

/** What there is to say about a reading, each under a key that is said only once. */
function news(run: Run, now: Date, style: Style): { key: string; line: string }[] {
  const steps = run.steps.flatMap((step, index) => {
    if (step.endedAt === null && !isLongWait(step, now)) return [];
    const text = `${title(run)}: ${stepLine(step, now, style)}`;
    return [{ key: `${index} ${step.status}`, line: text }];
  });
  if (run.endedAt === null) return steps;
  return [
    ...steps,
    {
      key: 'end',
      line: `${title(run)}: ${styleState(style, run.status, endWord(run.status))} in ${elapsed(run.startedAt, run.endedAt, now)}`,
    },
  ];
}

/** A short wait is not worth a line; of a long one people want to know what it is for. */
function isLongWait({ status, startedAt }: Step, now: Date): boolean {
  return status === 'Waiting' && now.getTime() - Date.parse(startedAt) >= LONG_WAIT_MS;
}

const LONG_WAIT_MS = 5_000;

function stepLine(step: Step, now: Date, style: Style): string {
  const time = step.endedAt === null ? '' : ` (${elapsed(step.startedAt, step.endedAt, now)})`;
  const message = step.message === undefined ? '' : `: ${step.message}`;
  const hint = step.hint === undefined ? '' : `\n    ${step.hint}`;
  return `${printable(step.name)} ${styleState(style, step.status, STEP_WORD[step.status])}${time}${printable(message + hint)}`;
}

const endWord = (status: RunStatus): string => status.toLowerCase();

const title = ({ subject, kind }: Run): string => `${printable(subject)}: ${kind}`;
