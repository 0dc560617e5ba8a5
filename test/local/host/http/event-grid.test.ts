import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FixtureHost, startFixture } from '../support/fixture-host.ts';

let host: FixtureHost;
beforeAll(async () => {
  host = await startFixture();
});
afterAll(() => host.stop());

type Delivery = Readonly<{ type?: string; method?: string; name?: string; headers?: Record<string, string>; body?: unknown }>;

function deliver({ type, method = 'POST', name = 'secretEvent', headers = {}, body }: Delivery): Promise<Response> {
  return fetch(host.eventGridUrl.replace('{functionName}', name), {
    method,
    headers: { 'content-type': 'application/json', ...(type ? { 'aeg-event-type': type } : {}), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

/** An event of the Event Grid schema. */
const event = (id: string, data: unknown = {}) => ({
  id,
  eventType: 'Microsoft.KeyVault.SecretNearExpiry',
  subject: 's',
  data,
  dataVersion: '1',
});

async function eventsSeen(): Promise<string[]> {
  const { events } = (await (await fetch(`${host.apiUrl}/api/seen`)).json()) as { events: { id: string }[] };
  return events.map(({ id }) => id);
}

describe('the Event Grid webhook', () => {
  test('asks for its own system key', async () => {
    const { origin } = new URL(host.eventGridUrl);
    const address = `${origin}/runtime/webhooks/eventgrid?functionName=secretEvent`;
    const status = async (key: string | undefined) => (await fetch(`${address}&code=${key}`, { method: 'OPTIONS' })).status;
    expect(await status('wrong')).toBe(401);
    expect(await status(host.keys.system['durabletask_extension'])).toBe(401);
    expect(await status(host.keys.host['default'])).toBe(401);
    expect(await status(host.keys.system['eventgrid_extension'])).toBe(200);
    expect(await status(host.keys.master)).toBe(200);
  });

  test('answers 404 with a text for a function that is not there or has another trigger', async () => {
    for (const name of ['unknown', 'hello', '']) {
      const answer = await deliver({ name, type: 'Notification', body: [] });
      expect([answer.status, await answer.text()]).toEqual([404, `cannot find function: '${name}'`]);
    }
  });

  test.each([
    ['an array', [event('v', { validationCode: 'code-1' })]],
    ['one CloudEvent', { id: 'v', specversion: '1.0', data: { validationCode: 'code-1' } }],
    ['one CloudEvent with its data as text', { id: 'v', specversion: '1.0', data: '{"validationCode": "code-1"}' }],
  ])('gives the validation code of %s back', async (_, body) => {
    const answer = await deliver({ type: 'SubscriptionValidation', body });
    expect([answer.status, await answer.json()]).toEqual([200, { validationResponse: 'code-1' }]);
  });

  test.each([
    ['eventgrid.azure.net', 'eventgrid.azure.net'],
    ['eventgrid.azure.us', 'eventgrid.azure.us'],
    ['evil.example', 'eventgrid.azure.net'],
  ])('answers the CloudEvents handshake of %s by allowing %s', async (origin, allowed) => {
    const answer = await deliver({ method: 'OPTIONS', headers: { 'webhook-request-origin': origin } });
    expect([answer.status, answer.headers.get('webhook-allowed-origin')]).toEqual([200, allowed]);
  });

  test('calls the function once per event of a delivery, which may start an orchestration', async () => {
    expect((await deliver({ type: 'notification', body: [event('one'), event('two')] })).status).toBe(202);
    expect((await deliver({ type: 'Notification', body: { ...event('three'), specversion: '1.0' } })).status).toBe(202);
    expect((await eventsSeen()).sort()).toEqual(['one', 'three', 'two']);
    expect(await host.engine.waitForEnd('event-two', 5_000)).toMatchObject({ status: 'Completed' });
  });

  test('fails the whole delivery when one event fails; the others have been handled', async () => {
    const answer = await deliver({ type: 'Notification', body: [event('bad', { bad: true }), event('good')] });
    expect(answer.status).toBe(500);
    expect(await eventsSeen()).toContain('good');
  });

  test('takes an unsubscription, and refuses what it does not know', async () => {
    expect((await deliver({ type: 'Unsubscribe', body: [] })).status).toBe(202);
    expect((await deliver({ type: 'Other', body: [] })).status).toBe(400);
    expect((await deliver({ body: [] })).status).toBe(400);
    expect((await deliver({ type: 'Notification', body: 'no json' })).status).toBe(400);
    expect((await deliver({ type: 'SubscriptionValidation', body: [] })).status).toBe(400);
  });
});
