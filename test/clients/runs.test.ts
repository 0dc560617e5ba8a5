import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { azureBlobStore, parseStorage } from '../../src/clients/azure-blob-store.ts';
import type { BlobStore } from '../../src/clients/blob-store.ts';
import { lastResults, listRunIds, readRuns, writeRun } from '../../src/clients/runs.ts';
import type { Run, RunStatus } from '../../src/domain/run.ts';
import { type RunningAzurite, startAzurite } from '../support/azurite.ts';

let azurite: RunningAzurite;
let store: BlobStore;
let readable: BlobStore;
beforeAll(async () => {
  azurite = await startAzurite();
  await BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('hsmkeep').create();
  const account = parseStorage(azurite.connectionString);
  const opened = azureBlobStore(`${account.blobEndpoint}/hsmkeep`, { getToken: async () => null }, account);
  readable = opened;
  // What a listing tells must not be read, one blob for each secret.
  store = { ...opened, read: (path) => Promise.reject(new Error(`${path} was read`)) };
});
afterAll(() => azurite?.stop());

const run = (secret: string, at: string, status: RunStatus, outcome?: string): Run => ({
  schema: 'hsmkeep.run/1',
  id: `rotation-kv.${secret}-${at.replace(/[-:.]/g, '')}`,
  kind: 'rotation',
  subject: `kv.${secret}`,
  status,
  startedAt: at,
  endedAt: status === 'Running' ? null : at,
  steps: [],
  ...(outcome !== undefined && { result: { outcome } }),
});

describe('lastResults', () => {
  test('tells how the newest run on each secret ended, from listings alone', async () => {
    const runs = [
      run('db', '2026-09-01T00:00:00.000Z', 'Completed', 'rotated'),
      run('db', '2026-11-02T00:00:00.000Z', 'Failed'),
      run('db', '2026-11-03T00:00:00.000Z', 'Completed', 'nothing'),
      run('db', '2026-11-04T00:00:00.000Z', 'Running'),
      run('old', '2026-08-01T00:00:00.000Z', 'Completed', 'retired'),
    ];
    await Promise.all(runs.map((one) => writeRun(store, one)));

    const wanted = new Set(['kv.db', 'kv.old']);
    expect(Object.fromEntries(await lastResults(store, 'KV', wanted, '2026-01', '2026-11'))).toEqual({
      'kv.db': { run: runs[1]?.id, status: 'Failed', outcome: null, endedAt: '2026-11-02T00:00:00.000Z' },
      'kv.old': { run: runs[4]?.id, status: 'Completed', outcome: 'retired', endedAt: '2026-08-01T00:00:00.000Z' },
    });
    expect((await lastResults(store, 'kv', wanted, '2026-09', '2026-11')).has('kv.old')).toBe(false);
  });

  test('no run is stored under what is no run\u2019s id', async () => {
    await expect(writeRun(store, { ...run('db', '2026-11-02T00:00:00.000Z', 'Completed'), id: 'x' })).rejects.toThrow(
      'not the id of a run',
    );
  });
});

describe('listRunIds', () => {
  test('finds what was planned or asked for in a period, newest first, from listings alone', async () => {
    const at = (instant: string) => run('listed', instant, 'Completed');
    const [before, first, second, third] = [
      at('2026-06-30T23:59:59.999Z'),
      at('2026-07-01T00:00:00.000Z'),
      at('2026-07-31T00:00:00.000Z'),
      at('2026-08-01T00:00:00.000Z'),
    ];
    const backup = { ...at('2026-07-15T02:00:00.000Z'), id: 'backup-listed-20260715T0200Z', kind: 'backup', subject: 'listed' } as const;
    await Promise.all([before, first, second, third, backup].map((one) => writeRun(store, one)));

    const listed = (filter: object, to = '2026-08-01T00:00:00.000Z') => listRunIds(store, filter, '2026-07-01T00:00:00.000Z', to);
    expect(await listed({})).toEqual([second.id, backup.id, first.id]);
    expect(await listed({ subject: 'kv.listed' }, '2026-08-01T00:00:00.001Z')).toEqual([third.id, second.id, first.id]);
    expect(await listed({ kind: 'backup' })).toEqual([backup.id]);
    expect(await listed({ subject: 'KV.LISTED' })).toEqual([second.id, first.id]);
    expect(await listed({ kind: 'drill' })).toEqual([]);
  });
});

test('readRuns leaves out what is not there', async () => {
  const there = run('read', '2026-05-01T00:00:00.000Z', 'Completed');
  await writeRun(store, there);
  expect(await readRuns(readable, [there.id, 'backup-gone-20260501T0200Z', 'no-run'])).toEqual([there]);
});
