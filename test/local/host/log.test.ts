import { describe, expect, test } from 'vitest';
import { createLog } from '../../../src/local/host/log.ts';

function lines(write: (log: ReturnType<typeof createLog>) => void): string[] {
  const written: string[] = [];
  write(createLog((line) => written.push(line.replace(/^\S+Z /, ''))));
  return written;
}

describe('createLog', () => {
  test('writes one line per event: level, message, fields', () => {
    expect(lines((log) => log('info', 'timer fired', { function: 'nightly', isPastDue: false, none: undefined }))).toEqual([
      'info timer fired function=nightly isPastDue=false\n',
    ]);
  });

  test('keeps a value from faking a second line or field', () => {
    expect(lines((log) => log('error', 'first\n  second', { reason: 'x y=1\nz', error: new Error('a\nb') }))).toEqual([
      'error first | second reason="x y=1\\nz" error="a\\nb"\n',
    ]);
  });

  test('leaves out what is below its level', () => {
    expect(lines((log) => log('debug', 'detail'))).toEqual([]);
  });
});
