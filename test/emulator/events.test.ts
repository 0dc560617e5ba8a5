import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createEventDelivery, type EventDeliveryOptions } from '../../src/emulator/events.ts';
import type { VaultEvent } from '../../src/emulator/service.ts';

type Delivery = Readonly<{ headers: IncomingHttpHeaders; body: string }>;

/** An address that answers with the given statuses in turn, then with 200. */
async function subscriber(...statuses: number[]) {
  const received: Delivery[] = [];
  const waiting: Array<() => void> = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(statuses.shift() ?? 200).end();
    for (const wake of waiting.splice(0)) wake();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events?code=x`,
    received,
    /** Resolves when that many deliveries have come. */
    until: async (count: number) => {
      while (received.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}

/** A clock that the test moves. */
function movedClock() {
  let nowMs = Date.parse('2026-03-01T02:00:00Z');
  return {
    now: () => nowMs,
    scaled: (durationMs: number) => durationMs,
    advance: (durationMs: number) => {
      nowMs += durationMs;
    },
  };
}

function delivery(urls: string[], options: Partial<EventDeliveryOptions> = {}) {
  const clock = movedClock();
  const made = createEventDelivery({
    urls,
    schema: 'eventgrid',
    clock,
    topicFor: (vault) => `/subscriptions/sub/vaults/${vault}`,
    ...options,
  });
  onTestFinished(() => made.stop());
  return { ...made, clock };
}

const event = (name = 'db-password'): VaultEvent => ({
  type: 'SecretNearExpiry',
  name,
  version: '0123456789abcdef0123456789abcdef',
  id: `https://contoso.example/secrets/${name}/0123456789abcdef0123456789abcdef`,
  exp: 1_800_000_000,
});

const names = (received: readonly Delivery[]) => received.map(({ body }) => JSON.parse(body)[0].data.ObjectName);

describe('an event', () => {
  test("arrives in Event Grid's schema: an array, with the headers of a notification", async () => {
    const { url, received, until } = await subscriber();
    delivery([url]).emit('contoso', event());
    await until(1);

    const [{ headers, body } = { headers: {}, body: '' }] = received;

    expect(headers).toMatchObject({
      'aeg-event-type': 'Notification',
      'aeg-delivery-count': '0',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(JSON.parse(body)).toEqual([
      {
        id: expect.any(String),
        topic: '/subscriptions/sub/vaults/contoso',
        subject: 'db-password',
        eventType: 'Microsoft.KeyVault.SecretNearExpiry',
        eventTime: '2026-03-01T02:00:00.000Z',
        data: {
          Id: event().id,
          VaultName: 'contoso',
          ObjectType: 'Secret',
          ObjectName: 'db-password',
          Version: event().version,
          NBF: null,
          EXP: 1_800_000_000,
        },
        dataVersion: '1',
        metadataVersion: '1',
      },
    ]);
  });

  test('arrives as a structured CloudEvent where these are asked for', async () => {
    const { url, received, until } = await subscriber();
    delivery([url], { schema: 'cloudevents' }).emit('contoso', event());
    await until(1);

    expect(received[0]?.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      specversion: '1.0',
      source: '/subscriptions/sub/vaults/contoso',
      subject: 'db-password',
      type: 'Microsoft.KeyVault.SecretNearExpiry',
      time: '2026-03-01T02:00:00.000Z',
      data: { ObjectName: 'db-password' },
    });
  });

  test('goes to every address', async () => {
    const [one, two] = [await subscriber(), await subscriber()];

    delivery([one.url, two.url]).emit('contoso', event());

    await Promise.all([one.until(1), two.until(1)]);
    expect(one.received[0]?.body).toBe(two.received[0]?.body);
  });
});

describe('a failed delivery', () => {
  /** A delivery whose failures can be waited for. */
  function observed(url: string) {
    const failures: string[] = [];
    const wakers: Array<() => void> = [];
    const onFailure = (_url: string, reason: string) => {
      failures.push(reason);
      for (const wake of wakers.splice(0)) wake();
    };
    const until = async (count: number) => {
      while (failures.length < count) await new Promise<void>((resolve) => wakers.push(resolve));
    };
    return { ...delivery([url], { onFailure }), failures, until };
  }

  test('is repeated after 10 and then 30 seconds, as the same event', async () => {
    const { url, received } = await subscriber(503, 500);
    const { emit, tick, clock, until } = observed(url);
    emit('contoso', event());
    await until(1);

    clock.advance(9_999);
    await tick();
    expect(received).toHaveLength(1);
    clock.advance(1);
    await tick();
    expect(received).toHaveLength(2);
    clock.advance(30_000);
    await tick();
    await tick();

    expect(received.map(({ headers }) => headers['aeg-delivery-count'])).toEqual(['0', '1', '2']);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  });

  test.each([400, 401, 403, 413])('is not repeated after status %d', async (status) => {
    const { url, received } = await subscriber(status);
    const { emit, tick, clock, until } = observed(url);
    emit('contoso', event());
    await until(1);

    clock.advance(86_400_000);
    await tick();

    expect(received).toHaveLength(1);
  });

  test('is given up after a day', async () => {
    const { url, received } = await subscriber(...Array.from({ length: 40 }, () => 503));
    const { emit, tick, clock, until } = observed(url);
    emit('contoso', event());
    await until(1);

    for (let hour = 0; hour < 48; hour++) {
      clock.advance(3_600_000);
      await tick();
    }

    // 10 s to 12 h take nine retries to add up to a day; one look an hour makes some of them later.
    expect(received.length).toBeGreaterThan(5);
    expect(received.length).toBeLessThan(12);
  });

  test('of an address that is not there is repeated too', async () => {
    const { emit, until, tick, clock, failures } = observed('http://127.0.0.1:1/');
    emit('contoso', event());
    await until(1);

    clock.advance(10_000);
    await tick();

    expect(failures).toHaveLength(2);
  });

  test('is not repeated after a stop', async () => {
    const { url, received } = await subscriber(503);
    const { emit, stop, tick, clock, until } = observed(url);
    emit('contoso', event());
    await until(1);
    stop();

    clock.advance(86_400_000);
    await tick();
    emit('contoso', event());
    await tick();

    expect(received).toHaveLength(1);
  });
});

describe('a fault', () => {
  test('duplicate sends the same event twice', async () => {
    const { url, received, until } = await subscriber();
    delivery([url], { faultFor: () => 'duplicate' }).emit('contoso', event());
    await until(2);

    expect(received[0]?.body).toBe(received[1]?.body);
  });

  test('lose sends nothing, but spares the next event', async () => {
    const { url, received, until } = await subscriber();
    const { emit } = delivery([url], { faultFor: (_vault, { name }) => (name === 'lost' ? 'lose' : undefined) });

    emit('contoso', event('lost'));
    emit('contoso', event('kept'));
    await until(1);

    expect(names(received)).toEqual(['kept']);
  });

  test('reorder sends an event after the next one', async () => {
    const { url, received, until } = await subscriber();
    const { emit } = delivery([url], { faultFor: (_vault, { name }) => (name === 'first' ? 'reorder' : undefined) });

    emit('contoso', event('first'));
    emit('contoso', event('second'));
    await until(2);

    expect(names(received)).toEqual(['second', 'first']);
  });

  test('reorder sends an event that nothing overtakes after ten seconds', async () => {
    const { url, received } = await subscriber();
    const { emit, clock, tick } = delivery([url], { faultFor: () => 'reorder' });
    emit('contoso', event('alone'));

    await tick();
    expect(received).toHaveLength(0);
    clock.advance(10_000);
    await tick();

    expect(names(received)).toEqual(['alone']);
  });
});
