import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { azureBlobStore, parseStorage } from '../../src/clients/azure-blob-store.ts';
import type { BlobStore } from '../../src/clients/blob-store.ts';
import { lastResults, writeRun } from '../../src/clients/runs.ts';
import type { Run, RunStatus } from '../../src/domain/run.ts';
import { type RunningAzurite, startAzurite } from '../support/azurite.ts';

let azurite: RunningAzurite;
let store: BlobStore;
beforeAll(async () => {
  azurite = await startAzurite();
  await BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('hsmkeep').create();
  const account = parseStorage(azurite.connectionString);
  const opened = azureBlobStore(`${account.blobEndpoint}/hsmkeep`, { getToken: async () => null }, account);
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
