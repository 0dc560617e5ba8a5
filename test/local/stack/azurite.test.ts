import { statSync } from 'node:fs';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { describe, expect, test } from 'vitest';
import { startAzurite } from '../../../src/local/stack/azurite.ts';
import type { Child } from '../../../src/local/stack/child.ts';
import { openDataFolder } from '../../../src/local/stack/data-folder.ts';
import { childEnvironment } from '../../../src/local/stack/part.ts';
import { emptyFolder } from './support.ts';

describe('startAzurite', () => {
  test('a second start on the same folder finds the blobs of the first, at the same address and with the same key', async () => {
    const folder = await openDataFolder(emptyFolder());
    const withAzurite = async (work: (connectionString: string) => Promise<void>): Promise<string> => {
      const children: Child[] = [];
      const part = { env: childEnvironment(process.env), started: (child: Child) => children.push(child) };
      try {
        const storage = await startAzurite(folder, { ...part, deadlineMs: 30_000, signal: new AbortController().signal });
        await work(storage.connectionString);
        return storage.connectionString;
      } finally {
        await children[0]?.stop();
      }
    };
    const blob = (connectionString: string) =>
      BlobServiceClient.fromConnectionString(connectionString).getContainerClient('kept').getBlockBlobClient('greeting');

    const first = await withAzurite(async (connectionString) => {
      await QueueServiceClient.fromConnectionString(connectionString).createQueue('events');
      await BlobServiceClient.fromConnectionString(connectionString).createContainer('kept');
      await blob(connectionString).upload('hello', 5);
    });
    const second = await withAzurite(async (connectionString) => {
      expect((await blob(connectionString).downloadToBuffer()).toString()).toBe('hello');
    });
    folder.release();

    expect(second).toBe(first);
    expect(statSync(folder.accountKeyFile).mode & 0o077).toBe(0);
  });
});
