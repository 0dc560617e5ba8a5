import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COUNTED, METRICS } from '../../src/domain/metric.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const documented = [...read('docs/metrics.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
const sources = globSync('src/**/*.ts', { cwd: ROOT })
  .filter((path) => !path.endsWith(join('domain', 'metric.ts')))
  .map(read)
  .join('\n');

test('docs/metrics.md has every metric once, and no other', () => {
  expect(documented.sort()).toEqual([...METRICS].sort());
});

test.each(METRICS)('%s is told somewhere', (name) => {
  const counted = COUNTED.some((one) => one === name);
  const told = counted ? `log.count('${name}'` : `(metricLine\\(\\s*'${name}'|\\b${name}: |, '${name}')`;
  expect(sources).toMatch(counted ? new RegExp(told.replace(/[(]/g, '\\(')) : new RegExp(told));
});

test('the alerts and queries that are deployed live on metrics that there are', () => {
  const queries = globSync('infra/queries/*.kql', { cwd: ROOT }).map(read).join('\n');
  const named = [...queries.matchAll(/metric\.name == "(\w+)"/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(0);
  for (const name of named) expect(METRICS).toContain(name);
});
