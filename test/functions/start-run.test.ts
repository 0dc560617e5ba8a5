import { BlobServiceClient } from '@azure/storage-blob';
import type { DurableClient } from 'durable-functions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { azureBlobStore, parseStorage } from '../../src/clients/azure-blob-store.ts';
import type { BlobStore } from '../../src/clients/blob-store.ts';
import { TransientError } from '../../src/clients/errors.ts';
import { writeRun } from '../../src/clients/runs.ts';
import { liveRuns } from '../../src/functions/start-run.ts';
import { type RunningAzurite, startAzurite } from '../support/azurite.ts';

const AT = '2026-11-22T10:15:30.123Z';
const ID = 'backup-a-20261122T101530123Z';

/** A task hub in which orchestrations of these ids have not come to their end. */
const taskHub = (ids: readonly string[]): DurableClient =>
  ({ getStatusBy: async () => ids.map((instanceId) => ({ instanceId })) }) as unknown as DurableClient;

describe('liveRuns', () => {
  let azurite: RunningAzurite;
  let documents: BlobStore;
  beforeAll(async () => {
    azurite = await startAzurite();
    await BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('hsmkeep').create();
    const account = parseStorage(azurite.connectionString);
    documents = azureBlobStore(`${account.blobEndpoint}/hsmkeep`, { getToken: async () => null }, account);
  });
  afterAll(() => azurite?.stop());

  const record = (endedAt: string | null) =>
    writeRun(documents, {
      schema: 'hsmkeep.run/1',
      id: ID,
      kind: 'backup',
      subject: 'a',
      status: 'Running',
      startedAt: AT,
      endedAt,
      steps: [],
    });

  test('are those whose record tells no end, and whose record cannot be had', async () => {
    const durable = taskHub([ID, 'backup-a-b-20261122T101530123Z']);
    expect(await liveRuns({ clients: { documents }, durable }, 'backup', 'a'), 'without a record').toEqual([ID]);

    await record(null);
    expect(await liveRuns({ clients: { documents }, durable }, 'backup', 'a')).toEqual([ID]);

    const away = { ...documents, read: () => Promise.reject(new TransientError('storage did not answer')) };
    expect(await liveRuns({ clients: { documents: away }, durable }, 'backup', 'a')).toEqual([ID]);
  });

  test('leave out one that has told its end, though its orchestration takes a moment more', async () => {
    await record(AT);
    expect(await liveRuns({ clients: { documents }, durable: taskHub([ID]) }, 'backup', 'a')).toEqual([]);
  });
});
