import { describe, expect, test } from 'vitest';
import {
  blobTrouble,
  inventoryTrouble,
  listingTrouble,
  manifestTrouble,
  recordTrouble,
  type SoundRecord,
} from '../../../src/domain/drill/verify.ts';
import type { Inventory } from '../../../src/domain/inventory.ts';
import type { BackupRecord } from '../../../src/domain/record.ts';

const HSM = 'contoso-hsm';
const FOLDER = 'mhsm-contoso-hsm-2026112202000012';
const RUN = 'backup-contoso-hsm-20261122T0200Z';
const AT = '2026-11-22T02:00:00.120Z';
const SHA = 'a'.repeat(64);

const record: SoundRecord = {
  schema: 'hsmkeep.record/1',
  hsm: HSM,
  folder: FOLDER,
  takenAt: AT,
  status: 'complete',
  run: RUN,
  intentAt: AT,
  jobId: '0'.repeat(32),
  adopted: false,
  startedAt: AT,
  endedAt: AT,
  securityDomain: 'emea',
  manifest: { sha256: SHA, blobs: 1, sizeBytes: 3 },
  inventory: { keys: 1, keyVersions: 2, roleDefinitions: 0, roleAssignments: 0, settings: 'unreadable', uncertain: [] },
  proofs: [{ level: 'L1', at: AT, run: RUN }],
  holds: [{ by: 'bob', until: AT, reason: '' }],
  marks: [{ at: AT, run: RUN, reason: '' }],
};
const inventory: Inventory = {
  schema: 'hsmkeep.inventory/1',
  hsm: HSM,
  folder: FOLDER,
  parts: {
    keys: [{ name: 'k', tags: {}, versions: ['1', '2'].map((version) => ({ version, enabled: true, createdAt: null, updatedAt: null })) }],
    deletedKeys: [],
    roleDefinitions: [],
    roleAssignments: [],
    settings: 'unreadable',
  },
  uncertain: [],
};
const trouble = (changes: object): string | undefined => recordTrouble({ ...record, ...changes } as BackupRecord, HSM, FOLDER);

describe('recordTrouble', () => {
  test('finds none in a sound record, adopted or with little known', () => {
    expect(trouble({})).toBeUndefined();
    const little = {
      jobId: null,
      adopted: true,
      startedAt: null,
      endedAt: null,
      securityDomain: null,
      inventory: null,
      holds: [],
      marks: [],
    };
    expect(trouble(little)).toBeUndefined();
  });

  test.each<[string, object]>([
    ['hsm', { hsm: 'contoso-hsn' }],
    ['folder', { folder: 'mhsm-contoso-hsm-2026112202000013' }],
    ['takenAt', { takenAt: '2027-11-22T02:00:00.120Z' }],
    ['status', { status: 'complfte' }],
    ['run', { run: 'backup-contoso-hsn-20261122T0200Z' }],
    ['run', { run: 7 }],
    ['intentAt', { intentAt: '2026-11-22X02:00' }],
    ['intentAt', { intentAt: '2026-99-22T02:00:00Z' }],
    ['intentAt', { intentAt: undefined }],
    ['jobId', { jobId: 'g'.repeat(32) }],
    ['adopted', { adopted: true }],
    ['adopted', { adopted: 'no' }],
    ['startedAt', { startedAt: 'then' }],
    ['endedAt', { endedAt: '' }],
    ['securityDomain', { securityDomain: 1 }],
    ['manifest', { manifest: { sha256: 'A', blobs: 1, sizeBytes: 3 } }],
    ['manifest', { manifest: { sha256: SHA, blobs: -1, sizeBytes: 3 } }],
    ['manifest', { manifest: { sha256: SHA, blobs: 1, sizeBytes: 0.5 } }],
    ['manifest', { manifest: null }],
    ['list of proofs', { proofs: [] }],
    ['list of proofs', { proofs: undefined }],
    ['list of proofs', { proofs: [{ level: 'L9', at: AT, run: RUN }] }],
    ['list of proofs', { proofs: [{ level: 'L1', at: 'x', run: RUN }] }],
    ['list of proofs', { proofs: [{ level: 'L1', at: AT, run: 'x' }] }],
    ['list of holds', { holds: [{ by: 'bob', until: 'x', reason: '' }] }],
    ['list of holds', { holds: undefined }],
    ['list of marks', { marks: [{ at: 'x' }] }],
    ['list of marks', { marks: undefined }],
    ['inventory', { inventory: { ...record.inventory, keys: 'many' } }],
    ['inventory', { inventory: undefined }],
  ])('finds a wrong %s: %j', (fact, changes) => {
    expect(trouble(changes)).toBe(`its record does not say a right ${fact}`);
  });
});

describe('inventoryTrouble', () => {
  test('holds the counts against the inventory', () => {
    expect(inventoryTrouble(record, inventory, SHA, FOLDER)).toBeUndefined();
    expect(inventoryTrouble({ ...record, inventory: null }, undefined, undefined, FOLDER)).toBeUndefined();
    expect(inventoryTrouble(record, undefined, undefined, FOLDER)).toBe('its inventory is missing');
    const fewer = { ...inventory, parts: { ...inventory.parts, keys: [] } };
    expect(inventoryTrouble(record, fewer, SHA, FOLDER)).toBe('its inventory is not the one that was recorded');
    expect(inventoryTrouble(record, inventory, SHA, 'another')).toBe('its inventory is not the one that was recorded');
  });

  test('holds the digest against the inventory, where one was recorded', () => {
    const hashed = { ...record, inventory: { ...record.inventory, sha256: SHA } } as SoundRecord;
    expect(inventoryTrouble(hashed, inventory, SHA, FOLDER)).toBeUndefined();
    expect(inventoryTrouble(hashed, inventory, 'b'.repeat(64), FOLDER)).toBe('its inventory is not the one that was recorded');
  });
});

test('listingTrouble names a blob that is missing, added or of another size', () => {
  const entry = { name: 'a', sizeBytes: 3, etag: '"0"', sha256: SHA };
  expect(listingTrouble([entry], [{ name: 'a', sizeBytes: 3 }])).toBeUndefined();
  expect(listingTrouble([entry], [])).toBe('blob a is missing');
  expect(listingTrouble([entry], [{ name: 'a', sizeBytes: 4 }])).toBe('blob a has 4 bytes instead of 3');
  expect(
    listingTrouble(
      [entry],
      [
        { name: 'a', sizeBytes: 3 },
        { name: 'b', sizeBytes: 1 },
      ],
    ),
  ).toBe('blob b was added');
});

test('manifestTrouble and blobTrouble compare hashes', () => {
  const other = 'b'.repeat(64);
  expect(manifestTrouble(record, SHA)).toBeUndefined();
  expect(manifestTrouble(record, other)).toContain('(SHA-256 bbbbbbbbbbbbbbbb… instead of aaaaaaaaaaaaaaaa…)');
  const entry = { name: 'a', sizeBytes: 3, etag: '"0"', sha256: SHA };
  expect(blobTrouble(entry, SHA)).toBeUndefined();
  expect(blobTrouble(entry, other)).toContain('blob a changed (SHA-256 bbbbbbbbbbbbbbbb…');
  expect(blobTrouble(entry, undefined)).toBe('blob a went or changed while it was read');
});
