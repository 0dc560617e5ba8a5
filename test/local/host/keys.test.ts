import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HostKeys, keyOpens, loadKeys } from '../../../src/local/host/keys.ts';

const keys: HostKeys = {
  master: 'm',
  host: { default: 'h' },
  functions: { Hello: { default: 'f' } },
  system: { eventgrid_extension: 'e', durabletask_extension: 'd' },
};

describe('keyOpens', () => {
  test('lets anybody call an anonymous function', () => {
    expect(keyOpens(keys, 'anonymous', undefined)).toBe(true);
  });

  test.each(['function', 'system', 'admin'] as const)('opens level %s with the master key, and never without one', (level) => {
    expect(keyOpens(keys, level, 'm')).toBe(true);
    expect(keyOpens(keys, level, undefined)).toBe(false);
    expect(keyOpens(keys, level, '')).toBe(false);
    expect(keyOpens(keys, level, 'wrong')).toBe(false);
  });

  test('opens a function with a host key and with its own, not with that of another function', () => {
    expect(keyOpens(keys, 'function', 'h', { functionName: 'other' })).toBe(true);
    expect(keyOpens(keys, 'function', 'f', { functionName: 'hello' })).toBe(true);
    expect(keyOpens(keys, 'function', 'f', { functionName: 'other' })).toBe(false);
  });

  test('asks for exactly the level: a system key opens no function, a function key nothing else', () => {
    expect(keyOpens(keys, 'function', 'e', { functionName: 'hello' })).toBe(false);
    expect(keyOpens(keys, 'system', 'h')).toBe(false);
    expect(keyOpens(keys, 'admin', 'h')).toBe(false);
    expect(keyOpens(keys, 'admin', 'e')).toBe(false);
  });

  test('opens a webhook only with the key of its own extension', () => {
    expect(keyOpens(keys, 'system', 'e', { systemKeyName: 'eventgrid_extension' })).toBe(true);
    expect(keyOpens(keys, 'system', 'd', { systemKeyName: 'eventgrid_extension' })).toBe(false);
    expect(keyOpens(keys, 'system', 'd')).toBe(true);
  });
});

describe('loadKeys', () => {
  let dataDir = '';
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'keys-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  test('makes keys once, in a file for its owner alone', () => {
    const made = loadKeys(dataDir);
    expect(loadKeys(dataDir)).toEqual(made);
    expect(new Set([made.master, ...Object.values(made.host), ...Object.values(made.system)]).size).toBe(4);
    expect(statSync(join(dataDir, 'keys.json')).mode & 0o777).toBe(0o600);
  });

  test('refuses a damaged file by its name and leaves it alone', () => {
    writeFileSync(join(dataDir, 'keys.json'), '{');
    expect(() => loadKeys(dataDir)).toThrow(join(dataDir, 'keys.json'));
    expect(statSync(join(dataDir, 'keys.json')).size).toBe(1);
  });
});
