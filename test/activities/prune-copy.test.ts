import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pruneCopy } from '../../src/activities/prune-copy.ts';
import type { BlobStore } from '../../src/clients/blob-store.ts';
import type { Clients } from '../../src/clients/clients.ts';
import { backupRecord } from '../support/backup-record.ts';

const CONTAINER = 'https://worm.example/hsm';
const AT = '2026-11-22T02:10:00.000Z';
const DAY_MS = 86_400_000;
const OWN = 'mhsm-east-2026112202000012';
const OTHERS = 'mhsm-east-dr-2026112202000012';

/** Two HSMs whose copies are in one container, and what is deleted from it. */
function copies(folder: string, configured: object = {}) {
  const removed: string[] = [];
  const gone = { at: AT, run: 'r', removedAt: AT };
  const copy = { container: CONTAINER, run: 'r', at: AT, blobs: 1, completedAt: AT };
  const store: Partial<BlobStore> = {
    read: async () => ({ text: JSON.stringify(backupRecord({ folder, gone, copy })), etag: '"1"' }),
    remove: async () => 'removed',
  };
  const container: Partial<BlobStore> = {
    url: CONTAINER,
    async *listBlobs(prefix) {
      yield { name: `${prefix}a`, sizeBytes: 1, etag: '"1"', modifiedAt: AT };
    },
    removeMany: async (paths) => {
      for await (const path of paths) removed.push(path);
      return { removed: 1, retained: 0 };
    },
  };
  const hsmConfig = () => ({ prune: 'delete', immutableCopy: { container: CONTAINER, days: 30 }, ...configured });
  return { prune: pruneCopy.create({ backups: () => store, copies: () => container, hsmConfig } as unknown as Clients), removed };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(AT) + 30 * DAY_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('pruneCopy', () => {
  test('removes the record of the copy first, then its blobs', async () => {
    const { prune, removed } = copies(OWN);
    expect(await prune({ hsm: 'east', folder: OWN })).toMatchObject({ value: { status: 'pruned' } });
    expect(removed.slice(0, 2)).toEqual([`hsmkeep/east/${OWN}.json`, `${OWN}/a`]);
  });

  test.each([
    ['copies are to be kept for longer', { immutableCopy: { container: CONTAINER, days: 31 } }],
    ['nothing is to be deleted', { prune: 'observe' }],
  ])('spares a copy when by now %s', async (_what, configured) => {
    const { prune, removed } = copies(OWN, configured);
    expect(await prune({ hsm: 'east', folder: OWN })).toEqual({ value: { status: 'spared' } });
    expect(removed).toEqual([]);
  });

  test('never touches the copy of another HSM, whatever a record in the wrong place says', async () => {
    const { prune, removed } = copies(OTHERS);
    expect(await prune({ hsm: 'east', folder: OTHERS })).toHaveProperty('refused');
    expect(removed).toEqual([]);
  });
});
