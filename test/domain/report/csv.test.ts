import { expect, test } from 'vitest';
import { toCsv } from '../../../src/domain/report/csv.ts';

test('writes RFC 4180: quotes where they are needed, CRLF, and nothing for what is not there', () => {
  const rows = [
    { name: 'a,b', said: 'say "no"', list: ['x', 'y'], count: -3, is: true, none: null },
    { name: 'two\nlines', said: { old: 'a' }, list: [], count: 0, is: false },
  ];
  expect(toCsv(['name', 'said', 'list', 'count', 'is', 'none'], rows)).toBe(
    ['name,said,list,count,is,none', '"a,b","say ""no""",x y,-3,true,', '"two\nlines","{""old"":""a""}",,0,false,', ''].join('\r\n'),
  );
  expect(toCsv(['name'], [])).toBe('name\r\n');
});

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\ttab', '\rreturn'])('keeps a spreadsheet from taking %j for a formula', (text) => {
  const cell = toCsv(['a'], [{ a: text }]).slice('a\r\n'.length, -2);
  expect(cell.replace(/^"|"$/g, '')).toBe(`'${text}`);
  expect(toCsv(['a'], [{ a: [text] }])).toContain(`'${text}`);
});
