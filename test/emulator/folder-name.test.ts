import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { createFolderTable, takeFolderName, takenAtOf } from '../../src/emulator/jobs/folder-name.ts';

const AT = Date.parse('2025-01-02T03:04:05.178Z');

function database(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  createFolderTable(db);
  return db;
}

describe('takeFolderName', () => {
  test('names the HSM and the instant in 16 digits, to the hundredth of a second', () => {
    expect(takeFolderName(database(), 'contoso-hsm', AT)).toBe('mhsm-contoso-hsm-2025010203040517');
  });

  test('gives no name twice, also when the clock stands still or goes back', () => {
    const db = database();
    const names = [AT, AT, AT + 10, AT - 86_400_000, AT].map((now) => takeFolderName(db, 'h', now));
    expect(names).toEqual([
      'mhsm-h-2025010203040517',
      'mhsm-h-2025010203040518',
      'mhsm-h-2025010203040519',
      'mhsm-h-2025010103040517',
      'mhsm-h-2025010203040520',
    ]);
    expect(takeFolderName(db, 'other', AT)).toBe('mhsm-other-2025010203040517');
  });
});

describe('takenAtOf', () => {
  test('reads the instant from the right, whatever the name of the HSM', () => {
    expect(takenAtOf('mhsm-contoso-hsm-1-2025010203040517')).toBe(Date.parse('2025-01-02T03:04:05.170Z'));
  });

  test.each(['mhsm-h-20250102030405', 'h-2025010203040517', 'mhsm-h-2025010203040517x'])('does not know %s', (folder) => {
    expect(takenAtOf(folder)).toBeUndefined();
  });
});
