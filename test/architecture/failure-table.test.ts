import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FAILURES, POINTS } from '../support/rotation-model/failures.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const section =
  readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8').split('### What may happen to a rotation, and when')[1]?.split('\n## ')[0] ?? '';
const lines = section.split('\n');

/** One row for each point, one cell for each failure. */
const rows = lines.filter((line) => /^\| P\d /.test(line)).map((line) => line.slice(2, -2).split(' | '));
/** The tests that play cells, too. */
const notes = new Map(
  lines.flatMap((line): [number, string][] => {
    const [, number, text = ''] = /^(\d+)\. (.+)$/.exec(line) ?? [];
    return number === undefined ? [] : [[Number(number), text]];
  }),
);
const cited = [...section.matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number));

/** The words of a test's name as they stand in its file. */
function expectTest(files: readonly string[], title: string): void {
  for (const file of files) {
    expect(existsSync(join(ROOT, file)), file).toBe(true);
    expect(readFileSync(join(ROOT, file), 'utf8'), `${file} has no test of this name`).toContain(title);
  }
}
const filesIn = (text: string): string[] => [...text.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file);
const titlesIn = (text: string): string[] => [...text.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title);

describe('the table of failures in ARCHITECTURE.md', () => {
  test('has a row for each point that is played, and a cell for each failure', () => {
    expect(rows.map(([when = '']) => when.slice(0, 2))).toEqual(Object.keys(POINTS));
    for (const [when, ...cells] of rows) {
      expect(cells, when).toHaveLength(Object.keys(FAILURES).length);
      for (const cell of cells) expect(cell.replace(/\[\d+\]/g, '').trim(), when).not.toBe('');
    }
  });

  test('is played by the test that it names', () => {
    const [text = ''] = lines.filter((line) => line.startsWith('Every cell is played by'));
    expectTest(filesIn(text), titlesIn(text)[0] ?? 'no title');
  });

  test('cites the notes below it, each at least once', () => {
    expect([...new Set(cited)].sort((a, b) => a - b)).toEqual([...notes.keys()]);
  });

  test.each([...notes])('note %i names tests that are there', (_number, text) => {
    const [files, titles] = [filesIn(text.split(';')[0] ?? ''), titlesIn(text)];
    expect(files).not.toEqual([]);
    expect(titles).not.toEqual([]);
    for (const title of titles) expectTest(files, title);
    expectTest(filesIn(text), '');
  });
});
