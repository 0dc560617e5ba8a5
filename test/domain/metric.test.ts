import { expect, test } from 'vitest';
import { metricLine, runEnded } from '../../src/domain/metric.ts';
import type { Run } from '../../src/domain/run.ts';

test('a metric is one line that a query of the log can read', () => {
  const line = metricLine('events_total', 1, { decision: 'started' });
  expect(line).not.toContain('\n');
  expect(JSON.parse(line.slice('metric '.length))).toEqual({ name: 'events_total', value: 1, decision: 'started' });
  expect(metricLine('escrow_open', 3)).toBe('metric {"name":"escrow_open","value":3}');
});

test('the end of a run is told by its HSM or vault, and never by the name of a secret', () => {
  const run = { kind: 'backup', subject: 'contoso-hsm', status: 'Degraded' } as Run;
  expect(runEnded(run)).toBe('metric {"name":"run_ended","value":1,"kind":"backup","subject":"contoso-hsm","status":"Degraded"}');
  expect(runEnded({ ...run, kind: 'rotation', subject: 'contoso-kv.db-password' })).toContain('"subject":"contoso-kv"');
});
