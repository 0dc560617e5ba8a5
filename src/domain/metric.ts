/** What a measured value is told apart by. Few values each: never the name of a secret. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Metrics that are counted while a run goes on, and told when it has ended. */
export const COUNTED = [
  'apply_retries_total',
  'conflicts_total',
  'probe_total',
  'rotation_gap_seconds',
  'throttled_total',
  'unknown_outcome_total',
] as const;
export type CountedMetric = (typeof COUNTED)[number];

/** Every metric of the app; docs/metrics.md says what each means, and when to be alarmed. */
export const METRICS = [
  ...COUNTED,
  'breaker_open',
  'escrow_open',
  'escrow_open_age_seconds',
  'events_total',
  'grace_pending',
  'newest_proven_age_hours',
  'notices_total',
  'oldest_wait_seconds',
  'queue_depth',
  'retire_overdue',
  'rotation_age_ratio',
  'rotation_step_seconds',
  'rotation_total',
  'run_ended',
  'secrets_managed',
  'secrets_overdue',
  'secrets_unmanaged',
  'step_seconds',
  'sweep_started_total',
  'windows_missed',
] as const;
export type MetricName = (typeof METRICS)[number];

/** Something that a run has counted. */
export type Count = Readonly<{ metric: CountedMetric; labels: MetricLabels; by: number }>;

/**
 * One measured value as a line of the log: `metric {"name":"events_total","value":1,…}`. Application Insights keeps the app's log as
 * traces, so a query reads it with `parse_json(substring(message, 7))`, and nothing more has to be installed.
 */
export const metricLine = (name: MetricName, value: number, labels: MetricLabels = {}): string =>
  `metric ${JSON.stringify({ name, value, ...labels })}`;

/** What was counted, each kind once. */
export function sumCounts(counts: readonly Count[]): Count[] {
  const sums = new Map<string, Count>();
  for (const count of counts) {
    const key = JSON.stringify([count.metric, count.labels]);
    sums.set(key, { ...count, by: (sums.get(key)?.by ?? 0) + count.by });
  }
  return [...sums.values()];
}
