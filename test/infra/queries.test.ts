import { globSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ROOT, read } from '../support/infra/compiled.ts';
import { understand } from '../support/infra/kusto.ts';
import { ofType, resolved } from '../support/infra/resolved.ts';

type Rule = Readonly<{
  severity: number;
  windowSize: string;
  criteria: { allOf: readonly { query: string; dimensions: { name: string }[] }[] };
}>;

const rules = (example: 'default' | 'everything'): Map<string, Rule> =>
  new Map(
    ofType(resolved(example), 'Microsoft.Insights/scheduledQueryRules').map(({ name, properties }) => [
      name.replace('hsmkeep-', ''),
      properties as unknown as Rule,
    ]),
  );
const queryOf = (example: 'default' | 'everything', name: string): string => rules(example).get(name)?.criteria.allOf[0]?.query ?? '';

/** The queries of a workbook, wherever in it they stand. */
function queriesIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([name, value]) => (name === 'query' && typeof value === 'string' ? [value] : queriesIn(value)));
}

const queriesInDocs = (): string[] =>
  globSync(['README.md', 'docs/*.md'], { cwd: ROOT }).flatMap((path) =>
    [...read(path).matchAll(/```kusto\n(.*?)```/gs)].map(([, query = '']) => query),
  );

describe('the alerts', () => {
  test('are all there', () =>
    expect([...rules('everything').keys()].toSorted()).toEqual([
      'failed-run',
      'foreign-restore',
      'hsm-log-without-backup',
      'hsm-without-backup',
      'overdue-rotation',
      'security-domain',
      'undelivered-events',
    ]));

  test('about missing backups hold the log against every HSM that was deployed, and fire for each by itself', () => {
    for (const name of ['hsm-without-backup', 'hsm-log-without-backup']) {
      expect(queryOf('everything', name)).toContain('[{"name":"Contoso-HSM","maxAgeHours":30},{"name":"trial-hsm","maxAgeHours":26}]');
      expect(
        rules('everything')
          .get(name)
          ?.criteria.allOf[0]?.dimensions.map((dimension) => dimension.name),
      ).toEqual(['hsm']);
    }
  });

  test('about restores know the one identity that may, and take every restore for foreign where it is not deployed', () => {
    expect(queryOf('everything', 'foreign-restore')).toMatch(/dynamic\(\["principal of id-hsmkeep-restore-\w+"\]\)/);
    expect(queryOf('default', 'foreign-restore')).toContain('dynamic([])');
  });

  test('about rotation are there for vaults whose rotation is on', () => {
    expect(queryOf('everything', 'overdue-rotation')).toContain(`parse_json('["contoso-kv"]')`);
    expect(rules('default').has('overdue-rotation')).toBe(false);
  });

  test.each([...rules('everything')])(
    'have no gap left in the query of %s, which the query language understands',
    (_name, { criteria }) => {
      const { query = '', dimensions = [] } = criteria.allOf[0] ?? {};
      expect(query).not.toMatch(/\{\{|\}\}/);
      const { complaints, columns } = understand(query);
      expect(complaints).toEqual([]);
      expect(columns, 'what the rule is split by').toEqual(expect.arrayContaining(dimensions.map(({ name }) => name)));
    },
  );

  test('and the workbook and the documents ask what the query language understands', () => {
    const texts = [...queriesIn(JSON.parse(read('infra/workbook.json'))), ...queriesInDocs()];
    expect(texts.length).toBeGreaterThan(4);
    expect(texts.flatMap((text) => understand(text).complaints.map((complaint) => `${text}\n${complaint}`))).toEqual([]);
  });

  test('would be seen to name something by a word of the language, or a column that is not there: such a rule never fires', () => {
    expect(understand('AppTraces | project kind = Message').complaints).toEqual([
      expect.stringContaining("The name 'kind' needs to be bracketed"),
    ]);
    expect(understand('AppTraces | where ObjectKey == ""').complaints).toEqual([
      expect.stringContaining("The name 'ObjectKey' does not refer to"),
    ]);
    expect(understand('AppTraces | where (Message == ""').complaints).not.toEqual([]);
  });

  test('and the workbook ask for metrics that the app tells', () => {
    const told = globSync('src/**/*.ts', { cwd: ROOT }).map(read).join('\n');
    const asked = [...globSync('infra/queries/*.kql', { cwd: ROOT }), 'infra/workbook.json'].map(read).join('\n');
    const names = new Set([...asked.matchAll(/metric\.name == \\?"(\w+)\\?"/g)].map(([, name]) => name ?? ''));
    expect(names.size).toBeGreaterThan(2);
    expect([...names].filter((name) => !told.includes(`'${name}'`))).toEqual([]);
  });

  test('lose no line to sampling', () => {
    const { logging } = JSON.parse(read('host.json'));
    expect(logging.applicationInsights.samplingSettings.excludedTypes.split(';')).toContain('Trace');
  });

  test('live within the two days that a rule may look back', () => {
    for (const { windowSize } of rules('everything').values()) expect(['PT15M', 'PT1H', 'PT2H', 'P1D', 'P2D']).toContain(windowSize);
  });
});
