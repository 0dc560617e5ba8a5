import { describe, expect, test } from 'vitest';
import { atLeast } from '../../src/domain/backup.ts';
import { parseDocument } from '../../src/domain/documents.ts';
import { OperatorError } from '../../src/domain/errors.ts';
import {
  type BackupRecord,
  inventoryPath,
  isProven,
  manifestPath,
  markedAt,
  proofOf,
  recordPath,
  viewOfDamaged,
  viewOfFolder,
  viewOfRecord,
  withProof,
} from '../../src/domain/record.ts';
import { backupRecord as record } from '../support/backup-record.ts';

const folder = 'mhsm-a-2026112202000000';

describe('proofOf', () => {
  test('is the highest level reached, in whatever order', () => {
    const at = '2026-11-22T02:01:00.000Z';
    expect(proofOf(record({ proofs: [] }))).toBe('L0');
    expect(
      proofOf({
        proofs: [
          { level: 'L3c', at, run: 'r' },
          { level: 'L2', at, run: 'r' },
        ],
      }),
    ).toBe('L3c');
  });

  test('levels rise from stored to restored', () => {
    expect(atLeast('L2', 'L1')).toBe(true);
    expect(atLeast('L3c', 'L3')).toBe(false);
  });
});

test('withProof adds a proof once for each run', () => {
  const proof = { level: 'L2', at: '2026-11-23T00:00:00.000Z', run: 'r2' } as const;
  const once = withProof(record(), proof);
  expect(once.proofs).toHaveLength(2);
  expect(withProof(once, proof)).toBe(once);
});

describe('views', () => {
  test('a record shows its proof, size and keys', () => {
    expect(viewOfRecord(record())).toMatchObject({ folder, proof: 'L1', blobs: 4, sizeBytes: 10, keys: 2, adopted: false });
  });

  test('what is not known is null', () => {
    expect(viewOfRecord(record({ manifest: null, inventory: null }))).toMatchObject({ blobs: null, sizeBytes: null, keys: null });
    const inventory = { ...(record().inventory as NonNullable<BackupRecord['inventory']>), keys: 'unreadable' as const };
    expect(viewOfRecord(record({ inventory }))).toMatchObject({ keys: null });
  });

  test('a folder without a record is L0 and unrecorded', () => {
    expect(viewOfFolder('a', folder)).toMatchObject({ proof: 'L0', status: 'unrecorded', takenAt: '2026-11-22T02:00:00.000Z' });
    expect(viewOfFolder('a', 'odd').takenAt).toBe('');
  });

  test('one whose record cannot be relied on counts for nothing', () => {
    const problem = { message: 'changed', hint: 'Restore it.' };
    const view = viewOfDamaged('a', folder, problem);
    expect(view).toMatchObject({ folder, proof: 'L0', status: 'damaged', problem });
    expect(isProven(view, 'L0')).toBe(false);
  });

  test('only a complete backup at or above the level counts', () => {
    const view = viewOfRecord(record());
    expect(isProven(view, 'L1')).toBe(true);
    expect(isProven(view, 'L2')).toBe(false);
    expect(isProven({ ...view, status: 'failed' }, 'L0')).toBe(false);
  });
});

test('documents lie beside the backups, never inside a folder', () => {
  expect([recordPath('a', folder), manifestPath('a', folder), inventoryPath('a', folder)]).toEqual([
    `hsmkeep/a/${folder}.json`,
    `hsmkeep/a/${folder}.manifest.jsonl`,
    `hsmkeep/a/${folder}.inventory.json`,
  ]);
});

describe('parseDocument', () => {
  test('reads the schema that it knows', () => {
    expect(parseDocument<BackupRecord>(JSON.stringify(record()), 'hsmkeep.record/1', 'p').folder).toBe(folder);
  });

  test.each([
    ['a newer schema', '{"schema":"hsmkeep.record/2"}', 'hsmkeep.record/2'],
    ['no schema', '{}', '(none)'],
    ['null', 'null', '(none)'],
    ['no JSON', '{', 'no JSON'],
  ])('refuses %s and names the document', (_why, text, told) => {
    const read = () => parseDocument<BackupRecord>(text, 'hsmkeep.record/1', 'hsmkeep/a/x.json');
    expect(read).toThrow(OperatorError);
    expect(read).toThrow(told);
    expect(read).toThrow('hsmkeep/a/x.json');
  });
});

test('markedAt is the time of the latest mark', () => {
  const mark = (at: string) => ({ at, run: 'r', reason: 'no rule keeps it' });
  expect(markedAt({ marks: [] })).toBeUndefined();
  expect(markedAt({ marks: [mark('2026-11-01T00:00:00Z'), mark('2026-11-02T00:00:00Z')] })).toBe('2026-11-02T00:00:00Z');
});

test('a view tells since when a backup is marked', () => {
  const at = '2026-11-01T00:00:00Z';
  expect(viewOfRecord(record({ marks: [{ at, run: 'r', reason: 'no rule keeps it' }] })).markedAt).toBe(at);
  expect(viewOfRecord(record())).not.toHaveProperty('markedAt');
});
