import { expect, test } from 'vitest';
import { metricLine } from '../../src/domain/metric.ts';

test('a metric is one line that a query of the log can read', () => {
  const line = metricLine('events_total', 1, { decision: 'started' });
  expect(line).not.toContain('\n');
  expect(JSON.parse(line.slice('metric '.length))).toEqual({ name: 'events_total', value: 1, decision: 'started' });
  expect(metricLine('escrow_open', 3)).toBe('metric {"name":"escrow_open","value":3}');
});
