import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

/** The scenarios that a reviewer of rotations would ask for, by the numbers they are known by. */
const SCENARIOS = [1, 2, 3, 4, 5, 7, 9, 10, 11, 14, 15, 16, 18, 19, 21, 22, 23, 25, 27, 28, 29, 33, 35, 37, 39, 40];

type Row = Readonly<{ number: number; scenario: string; where: string }>;

const rows: Row[] =
  readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')
    .split('## What is held against a rotation')[1]
    ?.split('\n## ')[0]
    ?.split('\n')
    .flatMap((line) => {
      const [, number, scenario = '', where = ''] = /^\| (\d+) \| (.+?) \| (.+) \|$/.exec(line) ?? [];
      return number === undefined ? [] : [{ number: Number(number), scenario, where }];
    }) ?? [];

describe('the scenarios of rotations in ARCHITECTURE.md', () => {
  test('are all of them', () => {
    expect(rows.map(({ number }) => number)).toEqual(SCENARIOS);
  });

  test.each(rows)('$number ($scenario) names tests that are there, or says why there is none', ({ where }) => {
    const files = [...where.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file);
    expect(files.length > 0 || /not covered: \S+/.test(where), where).toBe(true);
    for (const file of files) expect(existsSync(join(ROOT, file)), file).toBe(true);
  });
});
