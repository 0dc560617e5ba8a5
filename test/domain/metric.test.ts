import { describe, expect, test } from 'vitest';
import { metricLine, sumCounts } from '../../src/domain/metric.ts';
import type { Run, Step } from '../../src/domain/run.ts';
import { runMetrics } from '../../src/domain/run-metrics.ts';

const AT = '2026-01-01T00:00:00.000Z';
const step = (name: string, changes: Partial<Step> = {}): Step => ({
  name,
  status: 'Completed',
  startedAt: AT,
  endedAt: '2026-01-01T00:00:07.500Z',
  ...changes,
});
const run = (changes: Partial<Run>): Run => ({
  schema: 'hsmkeep.run/1',
  id: 'r',
  kind: 'rotation',
  subject: 'contoso-kv.db-password',
  status: 'Completed',
  startedAt: AT,
  endedAt: AT,
  steps: [],
  ...changes,
});
const told = (changes: Partial<Run>, counts: Parameters<typeof runMetrics>[1] = []) =>
  runMetrics(run(changes), counts).map((line) => JSON.parse(line.slice('metric '.length)));

test('a metric is one line that a query of the log can read', () => {
  const line = metricLine('events_total', 1, { decision: 'started' });
  expect(line).not.toContain('\n');
  expect(JSON.parse(line.slice('metric '.length))).toEqual({ name: 'events_total', value: 1, decision: 'started' });
  expect(metricLine('escrow_open', 3)).toBe('metric {"name":"escrow_open","value":3}');
});

test('what is counted several times is told once', () => {
  const count = (result: string, by: number) => ({ metric: 'probe_total', labels: { result }, by }) as const;
  expect(sumCounts([count('live', 1), count('unknown', 1), count('live', 2)])).toEqual([count('live', 3), count('unknown', 1)]);
});

describe('what the log is told of a run', () => {
  test('is how it ended and how long its steps took, in seconds', () => {
    const steps = [step('Lock'), step('Backup', { endedAt: null })];
    const counts = [{ metric: 'throttled_total', labels: { scope: 'service' }, by: 2 }] as const;
    expect(told({ kind: 'backup', subject: 'contoso-hsm', status: 'Degraded', steps }, counts)).toEqual([
      { name: 'run_ended', value: 1, kind: 'backup', subject: 'contoso-hsm', status: 'Degraded' },
      { name: 'step_seconds', value: 7.5, kind: 'backup', step: 'lock' },
      { name: 'throttled_total', value: 2, scope: 'service', kind: 'backup' },
    ]);
  });

  test('of a rotation has vault, provider and strategy, and never the name of a secret', () => {
    const result = { provider: 'postgres', strategy: 'alternating', outcome: 'rotated' };
    const counts = [{ metric: 'probe_total', labels: { kind: 'marker', result: 'live' }, by: 1 }] as const;
    const labels = { vault: 'contoso-kv', provider: 'postgres', strategy: 'alternating' };
    const lines = told({ result, steps: [step('Lock')] }, counts);
    expect(lines).toEqual([
      { name: 'run_ended', value: 1, kind: 'rotation', subject: 'contoso-kv', status: 'Completed' },
      { name: 'rotation_total', value: 1, outcome: 'ok', ...labels },
      { name: 'rotation_step_seconds', value: 7.5, step: 'lock', ...labels },
      { name: 'probe_total', value: 1, kind: 'marker', result: 'live', ...labels },
    ]);
    expect(JSON.stringify(lines)).not.toContain('db-password');
    expect(told({})[1]).toMatchObject({ provider: 'unknown', strategy: 'unknown' });
  });

  test.each([
    ['Completed', 'rotated', undefined, 'ok'],
    ['Degraded', 'retired', undefined, 'retired'],
    ['Completed', 'adopted', undefined, 'adopted'],
    ['Completed', 'repaired', undefined, 'repaired'],
    ['Completed', 'nothing', undefined, 'noop'],
    ['Completed', 'sound', undefined, 'noop'],
    ['Failed', undefined, 'denied', 'denied'],
    ['Failed', undefined, 'rejected', 'rejected'],
    ['Failed', undefined, 'not-now', 'refused'],
    ['Failed', undefined, 'unreachable', 'parked'],
    ['Failed', 'rotated', undefined, 'parked'],
    ['Canceled', undefined, undefined, 'canceled'],
  ] as const)('%s with the outcome %s and the failure %s counts as %s', (status, outcome, kind, expected) => {
    const steps = [step('Apply', { status, ...(kind && { failure: { kind, code: 'x' } }) }), step('Tidy')];
    expect(told({ status, steps, ...(outcome && { result: { outcome } }) })[1]).toMatchObject({ outcome: expected });
  });
});
