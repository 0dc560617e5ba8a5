import { describe, expect, test } from 'vitest';
import { type InventoryParts, type KeyItem, sizeOf, uncertainItems, unreadableParts, versionsOf } from '../../src/domain/inventory.ts';

const key = (name: string, ...versions: string[]): KeyItem => ({
  name,
  tags: {},
  versions: versions.map((version) => ({ version, enabled: true, createdAt: null, updatedAt: null })),
});
const parts = (changes: Partial<InventoryParts> = {}): InventoryParts => ({
  keys: [],
  deletedKeys: [],
  roleDefinitions: [],
  roleAssignments: [],
  settings: 'unreadable',
  ...changes,
});

describe('uncertainItems', () => {
  test('names what was added, removed or changed while the backup was taken', () => {
    const before = parts({ keys: [key('gone', '1'), key('changed', '1'), key('same', '1')] });
    const after = parts({ keys: [key('changed', '1', '2'), key('same', '1'), key('added', '1')], deletedKeys: [{ name: 'gone' }] });
    expect(uncertainItems(before, after)).toEqual(['keys/added', 'keys/changed', 'keys/gone', 'deletedKeys/gone']);
  });

  test('says nothing of a part that could not be read at either time', () => {
    expect(uncertainItems(parts({ keys: 'unreadable' }), parts({ keys: [key('a', '1')] }))).toEqual([]);
    expect(uncertainItems(parts({ keys: [key('a', '1')] }), parts({ keys: 'unreadable' }))).toEqual([]);
  });
});

test('unreadableParts leaves settings out, which need an administrator', () => {
  expect(unreadableParts(parts({ keys: 'unreadable' }))).toEqual(['keys']);
});

test('sizes of an unreadable part are not known', () => {
  expect([sizeOf('unreadable'), sizeOf([1, 2]), versionsOf('unreadable'), versionsOf([key('a', '1', '2'), key('b', '1')])]).toEqual([
    'unreadable',
    2,
    'unreadable',
    3,
  ]);
});
