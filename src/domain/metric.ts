import type { Run } from './run.ts';

/** What a measured value is told apart by. Few values each: never the name of a secret. */
export type MetricLabels = Readonly<Record<string, string>>;

/**
 * One measured value as a line of the log: `metric {"name":"events_total","value":1,…}`. Application Insights keeps the app's log as
 * traces, so a query reads it with `parse_json(substring(message, 7))`, and nothing more has to be installed.
 */
export const metricLine = (name: string, value: number, labels: MetricLabels = {}): string =>
  `metric ${JSON.stringify({ name, value, ...labels })}`;

/** That a run has ended, and how. A rotation is told by its vault: the names of secrets would be too many. */
export const runEnded = ({ kind, subject, status }: Run): string =>
  metricLine('run_ended', 1, { kind, subject: kind === 'rotation' ? subject.replace(/\..*$/, '') : subject, status });

/** How long each step of a run took, in seconds, waiting included. */
export const stepSeconds = ({ kind, steps }: Run): string[] =>
  steps.flatMap(({ name, startedAt, endedAt }) =>
    endedAt === null
      ? []
      : [metricLine('step_seconds', (Date.parse(endedAt) - Date.parse(startedAt)) / 1000, { kind, step: name.toLowerCase() })],
  );
