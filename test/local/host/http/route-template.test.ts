import { describe, expect, test } from 'vitest';
import { parseRouteTemplate } from '../../../../src/local/host/http/route-template.ts';

const match = (template: string, path: string) => parseRouteTemplate(template).match(path);

describe('parseRouteTemplate', () => {
  test.each([
    ['hsms', '/hsms', {}],
    ['hsms', '/HSMS/', {}],
    ['hsms', '/hsms/more', undefined],
    ['hsms/{hsm}', '/hsms/contoso', { hsm: 'contoso' }],
    ['hsms/{hsm}', '/hsms', undefined],
    ['hsms/{hsm}', '/hsms/a%20b', { hsm: 'a b' }],
    ['hsms/{hsm}', '/hsms/a%2Fb', { hsm: 'a%2Fb' }],
    ['hsms/{hsm}', '/hsms/100%', { hsm: '100%' }],
    ['hello/{name?}', '/hello', {}],
    ['hello/{name?}', '/hello/x', { name: 'x' }],
    ['hello/{name=world}', '/hello', { name: 'world' }],
    ['files/{*rest}', '/files/a/b/c', { rest: 'a/b/c' }],
    ['files/{*rest}', '/files', {}],
    ['report-{year:int}.csv', '/report-2026.csv', { year: '2026' }],
    ['report-{year:int}.csv', '/report-latest.csv', undefined],
    ['{from}-{to}', '/a-b', { from: 'a', to: 'b' }],
  ])('%s against %s', (template, path, expected) => {
    expect(match(template, path)).toEqual(expected);
  });

  test.each([
    ['int', '42', '4x'],
    ['int', '-2147483648', '2147483648'],
    ['long', '2147483648', '9223372036854775808'],
    ['guid', '0f8fad5b-d9cb-469f-a165-70867728950e', '0f8fad5b'],
    ['alpha', 'abc', 'abc1'],
    ['bool', 'True', 'yes'],
    ['double', '1.5', '1,5'],
    ['length(3)', 'abc', 'abcd'],
    ['length(2,3)', 'ab', 'a'],
    ['minlength(2)', 'ab', 'a'],
    ['maxlength(2)', 'ab', 'abc'],
    ['min(3)', '3', '2'],
    ['max(3)', '3', '4'],
    ['range(1,5)', '5', '6'],
  ])('constraint %s takes %s and not %s', (constraint, good, bad) => {
    expect(match(`{x:${constraint}}`, `/${good}`)).toEqual({ x: good });
    expect(match(`{x:${constraint}}`, `/${bad}`)).toBeUndefined();
  });

  test('ranks text before a constrained parameter, before a free one, before the rest of the path', () => {
    const ranked = ['a/{*all}', 'a/{x}', 'a/{x:int}', 'a/b'].sort((one, other) =>
      parseRouteTemplate(one).precedence < parseRouteTemplate(other).precedence ? -1 : 1,
    );
    expect(ranked).toEqual(['a/b', 'a/{x:int}', 'a/{x}', 'a/{*all}']);
  });

  test.each(['a/{x:colour}', 'a/{x', 'a/x}', 'a/{}', 'a/{x:}}'])('refuses %s', (template) => {
    expect(() => parseRouteTemplate(template)).toThrow(expect.objectContaining({ name: 'OperatorError' }));
  });
});
