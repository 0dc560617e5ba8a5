import { type Count, type MetricLabels, metricLine, sumCounts } from './metric.ts';
import { rotationOutcome } from './rotation/outcome.ts';
import type { Run } from './run.ts';

/**
 * What the log is told of a run that has ended: how, how long each step took (waiting included), and what was counted on the way. A rotation
 * is told by its vault, provider and strategy: the names of secrets would be too many.
 */
export const runMetrics = (run: Run, counts: readonly Count[]): string[] =>
  run.kind === 'rotation'
    ? ofRotation(run, counts)
    : [ended(run, run.subject), ...steps(run, 'step_seconds', { kind: run.kind }), ...counted(counts, { kind: run.kind })];

function ofRotation(run: Run, counts: readonly Count[]): string[] {
  const { provider = 'unknown', strategy = 'unknown' } = (run.result ?? {}) as Partial<Record<string, string>>;
  const vault = run.subject.replace(/\..*$/, '');
  const labels = { vault, provider, strategy };
  return [
    ended(run, vault),
    metricLine('rotation_total', 1, { outcome: rotationOutcome(run), ...labels }),
    ...steps(run, 'rotation_step_seconds', labels),
    ...counted(counts, labels),
  ];
}

const ended = ({ kind, status }: Run, subject: string): string => metricLine('run_ended', 1, { kind, subject, status });

const counted = (counts: readonly Count[], shared: MetricLabels): string[] =>
  sumCounts(counts).map(({ metric, labels, by }) => metricLine(metric, by, { ...labels, ...shared }));

const steps = (run: Run, metric: 'step_seconds' | 'rotation_step_seconds', labels: MetricLabels): string[] =>
  run.steps.flatMap(({ name, startedAt, endedAt }) =>
    endedAt === null
      ? []
      : [metricLine(metric, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000, { step: name.toLowerCase(), ...labels })],
  );
