import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningAzurite, startAzurite } from '../../../support/azurite.ts';
import { type FixtureHost, fixtureApp, startFixture } from '../support/fixture-host.ts';

type Seen = Readonly<{ message: unknown; metadata: Record<string, unknown> }>;
const seen = (): Seen[] => (globalThis as unknown as { queueMessages: Seen[] }).queueMessages;

let azurite: RunningAzurite;
let host: FixtureHost;

beforeAll(async () => {
  azurite = await startAzurite({ queue: true });
  host = await startFixture({
    appDir: fixtureApp('queue-app'),
    settings: { EVENT_QUEUE: 'events', EVENT_STORAGE: azurite.connectionString },
  });
  // The host polls a queue that does not exist yet: it has to find it later.
  await queue('events').create();
});
afterAll(async () => {
  await host?.stop();
  await azurite?.stop();
});

const queue = (name: string) => QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(name);
const send = (message: unknown) => queue('events').sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'));
const ofId = (id: string) => seen().filter(({ message }) => (message as { id?: string }).id === id);
const countIn = async (name: string) => (await queue(name).getProperties()).approximateMessagesCount;

async function poisoned(): Promise<unknown[]> {
  await expect.poll(async () => ((await queue('events-poison').exists()) ? countIn('events-poison') : 0)).toBeGreaterThan(0);
  const { receivedMessageItems } = await queue('events-poison').receiveMessages({ numberOfMessages: 32 });
  await Promise.all(receivedMessageItems.map(({ messageId, popReceipt }) => queue('events-poison').deleteMessage(messageId, popReceipt)));
  return receivedMessageItems.map(({ messageText }) => messageText);
}

describe('a queue trigger', () => {
  test('gives the function the message as a value, with its metadata, and deletes it', async () => {
    await send({ id: 'plain', list: [1] });
    await expect.poll(() => ofId('plain')).toHaveLength(1);
    expect(ofId('plain')[0]).toMatchObject({
      message: { id: 'plain', list: [1] },
      metadata: {
        id: expect.any(String),
        dequeueCount: 1,
        popReceipt: expect.any(String),
        insertionTime: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    });
    await expect.poll(() => countIn('events')).toBe(0);
  });

  test('gives the function the durable client', async () => {
    await send({ id: 'starts', start: 'by-message' });
    await expect.poll(() => host.engine.get('by-message')?.status).toBe('Completed');
  });

  test('gives a message again after a failure, and is done with it once that succeeds', async () => {
    await send({ id: 'again', fail: 2 });
    await expect.poll(() => ofId('again').map(({ metadata }) => metadata['dequeueCount'])).toEqual([1, 2, 3]);
    await expect.poll(() => countIn('events')).toBe(0);
    expect(await queue('events-poison').exists()).toBe(false);
  });

  test('moves a message that fails every time to the poison queue', async () => {
    await send({ id: 'bad', fail: 'always' });
    expect(await poisoned()).toEqual([Buffer.from('{"id":"bad","fail":"always"}').toString('base64')]);
    expect(ofId('bad')).toHaveLength(3);
    expect(host.logged.map(({ fields }) => fields?.['why'])).toContain('its function failed every time');
    await expect.poll(() => countIn('events')).toBe(0);
  });

  test('moves a message of another encoding to the poison queue, without a call', async () => {
    const before = seen().length;
    await queue('events').sendMessage('{"id": "not encoded"}');
    expect(await poisoned()).toEqual(['{"id": "not encoded"}']);
    expect(seen()).toHaveLength(before);
  });

  test('takes many messages at a time, each once', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, n) => send({ id: 'many', n })));
    await expect.poll(() => ofId('many')).toHaveLength(40);
    expect(new Set(ofId('many').map(({ message }) => (message as { n: number }).n)).size).toBe(40);
  });

  test('takes no more messages once the host has stopped', async () => {
    await host.stop();
    await send({ id: 'late' });
    expect(await countIn('events')).toBe(1);
    const next = await startFixture({ appDir: fixtureApp('queue-app'), app: host.app });
    await expect.poll(() => ofId('late')).toHaveLength(1);
    await next.stop();
  });
});
