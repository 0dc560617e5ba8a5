import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Sensitive } from '../../../src/domain/rotation/sensitive.ts';
import { extractValue, FormatError, parseFormat, renderValue, type ValueFormat } from '../../../src/domain/rotation/value-format.ts';

const plain = (value: Sensitive) => value.use((text) => text);
const sensitive = (text: string) => new Sensitive(text);
const JSON_FORMAT: ValueFormat = { kind: 'json', member: 'password' };
const CONN_FORMAT: ValueFormat = { kind: 'conn', field: 'Password' };

describe('Sensitive', () => {
  test('shows itself to nobody who prints it, and refuses to become JSON', () => {
    const value = sensitive('canary');
    for (const shown of [String(value), `${value}`, inspect(value), inspect({ deep: [value] })]) {
      expect(shown).not.toContain('canary');
      expect(shown).toContain('[redacted]');
    }
    expect(() => JSON.stringify({ value })).toThrow('serialised');
  });

  test('is never empty', () => {
    expect(() => sensitive('')).toThrow('empty');
  });

  test.each([
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'ab', false],
    ['ab', 'abab', false],
    ['abab', 'ab', false],
  ])('%s and %s compared', (a, b, same) => {
    expect(sensitive(a).equals(sensitive(b))).toBe(same);
  });
});

describe('a stored value', () => {
  test.each([
    ['raw', { kind: 'raw' }],
    ['json:password', JSON_FORMAT],
    ['conn:Password', CONN_FORMAT],
    ['url', { kind: 'url' }],
    ['xml:password', undefined],
    ['json:', undefined],
    ['conn:a;b', undefined],
  ])('format %s', (text, format) => {
    expect(parseFormat(text)).toEqual(format);
  });

  test('as JSON keeps every other member', () => {
    const stored = renderValue(JSON_FORMAT, sensitive('new'), sensitive('{"user":"app","password":"old","port":5432}'));
    expect(JSON.parse(plain(stored))).toEqual({ user: 'app', password: 'new', port: 5432 });
    expect(plain(extractValue(JSON_FORMAT, stored))).toBe('new');
  });

  test('as a connection string keeps every other field as it is', () => {
    const stored = renderValue(CONN_FORMAT, sensitive('n-e_w'), sensitive('Server=db; User Id=app;password=old;'));
    expect(plain(stored)).toBe('Server=db; User Id=app;password=n-e_w;');
    expect(plain(extractValue(CONN_FORMAT, stored))).toBe('n-e_w');
  });

  test.each([
    ['raw', { kind: 'raw' }, 'new'],
    ['json', JSON_FORMAT, '{"password":"new"}'],
    ['conn', CONN_FORMAT, 'Password=new'],
  ] as const)('as %s can begin with nothing', (_name, format, expected) => {
    expect(plain(renderValue(format, sensitive('new'), undefined))).toBe(expected);
    expect(plain(extractValue(format, sensitive(expected)))).toBe('new');
  });

  test.each([
    [JSON_FORMAT, 'canary, not JSON'],
    [JSON_FORMAT, '["canary"]'],
    [JSON_FORMAT, '{"other":"canary"}'],
    [JSON_FORMAT, '{"password":""}'],
    [JSON_FORMAT, '{"deep":{"password":"canary"},"list":["password","canary"]}'],
    [JSON_FORMAT, '{"password":{"canary":1}}'],
    [CONN_FORMAT, 'Server=canary'],
    [{ kind: 'url' }, 'postgres://canary@db/app'],
    [{ kind: 'url' }, 'postgres://app:canary%zz@db/app'],
  ] as const)('that is not as the policy says is refused without telling what it is', (format, text) => {
    expect(() => extractValue(format, sensitive(text))).toThrow(FormatError);
    expect(() => extractValue(format, sensitive(text))).not.toThrow('canary');
  });

  test.each([
    [JSON_FORMAT, '{ "n": 1.0,\n\t"Password":"x", "password" : "old", "at": "\\"password\\"" }', '"old"', '"n-e_w"'],
    [JSON_FORMAT, '{"user":"app","big":12345678901234567890,"password":"a\\"b"}', '"a\\"b"', '"n-e_w"'],
    [CONN_FORMAT, 'Server="a;password=x";;PASSWORD = \'o;l""d\' ; Timeout=5 ;', '\'o;l""d\'', 'n-e_w'],
    [CONN_FORMAT, 'Application Name="say ""hi""";password=old', '=old', '=n-e_w'],
    [{ kind: 'url' }, 'postgresql://app:o%2Fld@db.contoso.net:5432/orders?sslmode=verify-full', 'o%2Fld', 'n-e_w'],
  ] as const)('as %j keeps every other byte', (format, text, before, after) => {
    const stored = renderValue(format, sensitive('n-e_w'), sensitive(text), { names: ['a', 'b'], name: 'b' });
    expect(plain(stored)).toBe(text.replace(before, after));
    expect(plain(extractValue(format, stored))).toBe('n-e_w');
  });

  test.each([
    [JSON_FORMAT, '{"username":"app_a","database":"app_a","password":"old"}', '{"username":"app_b","database":"app_a","password":"new"}'],
    [CONN_FORMAT, 'Database=app_a;User Id=app_a;Password=old', 'Database=app_a;User Id=app_b;Password=new'],
    [{ kind: 'url' }, 'postgres://app_a:old@db/app_a', 'postgres://app_b:new@db/app_a'],
    [{ kind: 'url' }, 'postgres://other:old@db/app_a', 'postgres://other:new@db/app_a'],
    [{ kind: 'raw' }, 'old', 'new'],
  ] as const)('as %j names the user that the credential is of', (format, text, expected) => {
    const user = { names: ['app_a', 'app_b'], name: 'app_b' };
    expect(plain(renderValue(format, sensitive('new'), sensitive(text), user))).toBe(expected);
  });

  test('as a URL has to be there before', () => {
    expect(() => renderValue({ kind: 'url' }, sensitive('new'), undefined)).toThrow(FormatError);
    expect(plain(extractValue({ kind: 'url' }, sensitive('redis://:o%2Fld@cache/0')))).toBe('o/ld');
  });

  test('is not made a connection string with a credential that would end its field', () => {
    expect(() => renderValue(CONN_FORMAT, sensitive('a;Server=evil'), undefined)).toThrow(FormatError);
  });
});
