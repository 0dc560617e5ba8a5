import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { durableClientApi } from '../../../../src/local/host/durable/client-api.ts';
import type { DurableEngine, InstanceFilter } from '../../../../src/local/host/durable/engine-api.ts';
import { type FixtureHost, startFixture } from '../support/fixture-host.ts';

let host: FixtureHost;
beforeAll(async () => {
  host = await startFixture();
});
afterAll(() => host.stop());

/** Calls a method of the real durable client inside the app. */
async function client(operation: string, ...args: unknown[]): Promise<{ answer?: unknown; error?: string }> {
  const answer = await fetch(`${host.apiUrl}/api/client`, { method: 'POST', body: JSON.stringify({ operation, args }) });
  return (await answer.json()) as { answer?: unknown; error?: string };
}

/** Calls the public side as a program outside does. */
function api(path: string, init: RequestInit = {}): Promise<Response> {
  const code = host.keys.system['durabletask_extension'] ?? '';
  return fetch(`${host.apiUrl}/runtime/webhooks/durabletask${path}`, { ...init, headers: { 'x-functions-key': code, ...init.headers } });
}

const start = (name: string, instanceId: string, input: unknown = {}) =>
  host.engine.start({ name, instanceId, inputJson: JSON.stringify(input) });

async function ended(instanceId: string) {
  const instance = await host.engine.waitForEnd(instanceId, 10_000);
  return [instance?.status, instance?.outputJson];
}

describe('the durable client in the app', () => {
  test('starts an orchestration under the id it is given, and under one of its own', async () => {
    expect(await client('startNew', 'count', { instanceId: 'mine', input: { steps: 2 } })).toEqual({ answer: 'mine' });
    const { answer } = await client('startNew', 'count', { input: { steps: 1 } });
    expect(await ended('mine')).toEqual(['Completed', '{"n":2}']);
    expect(await ended(String(answer))).toEqual(['Completed', '{"n":1}']);
  });

  test('is told of an unknown orchestrator and of an id in use', async () => {
    expect((await client('startNew', 'unknown', { input: {} })).error).toContain('400');
    await start('waiting', 'in-use');
    expect((await client('startNew', 'waiting', { instanceId: 'in-use', input: {} })).error).toContain('409');
  });

  test('reads a status with input, output and custom status', async () => {
    await start('waiting', 'status-1', { a: 1 });
    await host.engine.raiseEvent('status-1', 'go', '{"b":2}');
    await ended('status-1');
    const { answer } = await client('getStatus', 'status-1');
    expect(answer).toMatchObject({
      name: 'waiting',
      instanceId: 'status-1',
      runtimeStatus: 'Completed',
      input: { a: 1 },
      output: { go: { b: 2 } },
      customStatus: { step: 'waits for go' },
      createdTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
    });
  });

  test('learns that an instance does not exist', async () => {
    expect((await client('getStatus', 'nobody')).error).toContain('404');
    expect((await client('raiseEvent', 'nobody', 'go', {})).error).toContain('nobody');
    expect((await client('terminate', 'nobody', 'x')).error).toContain('nobody');
    expect(await client('purgeInstanceHistory', 'nobody')).toEqual({ answer: { instancesDeleted: 0 } });
  });

  test('raises an event, after the end without an error', async () => {
    await start('waiting', 'event-1');
    expect(await client('raiseEvent', 'event-1', 'go', { now: true })).toEqual({ answer: null });
    expect(await ended('event-1')).toEqual(['Completed', '{"go":{"now":true}}']);
    expect(await client('raiseEvent', 'event-1', 'go', {})).toEqual({ answer: null });
  });

  test('suspends, resumes and terminates', async () => {
    await start('waiting', 'control-1');
    expect(await client('suspend', 'control-1', 'wait')).toEqual({ answer: null });
    await expect.poll(() => host.engine.get('control-1')?.status).toBe('Suspended');
    expect(await client('resume', 'control-1', 'on')).toEqual({ answer: null });
    await expect.poll(() => host.engine.get('control-1')?.status).toBe('Running');
    expect(await client('terminate', 'control-1', 'enough')).toEqual({ answer: null });
    expect(await ended('control-1')).toEqual(['Terminated', '"enough"']);
    expect(await client('suspend', 'control-1', 'late')).toEqual({ answer: null });
  });

  test('lists all instances through every page, and by a filter', async () => {
    for (let n = 0; n < 130; n++) await start('waiting', `page-${n}`);
    const all = (await client('getStatusAll')).answer as { instanceId: string }[];
    expect(all.filter(({ instanceId }) => instanceId.startsWith('page-'))).toHaveLength(130);
    expect(new Set(all.map(({ instanceId }) => instanceId)).size).toBe(all.length);

    await start('failing', 'fails');
    await ended('fails');
    const failed = (await client('getStatusBy', { runtimeStatus: ['Failed'] })).answer as { instanceId: string }[];
    expect(failed.map(({ instanceId }) => instanceId)).toEqual(['fails']);
    expect((await client('getStatusBy', { createdTimeFrom: { date: '2999-01-01T00:00:00Z' } })).answer).toEqual([]);
  });

  test('purges one instance, and all that ended in a time', async () => {
    await start('count', 'purge-1');
    await ended('purge-1');
    expect(await client('purgeInstanceHistory', 'purge-1')).toEqual({ answer: { instancesDeleted: 1 } });
    expect(host.engine.get('purge-1')).toBeUndefined();

    await start('count', 'purge-2');
    await ended('purge-2');
    await start('waiting', 'purge-live');
    const { answer } = await client('purgeInstanceHistoryBy', {
      createdTimeFrom: { date: '2000-01-01T00:00:00Z' },
      runtimeStatus: ['Completed', 'Running'],
    });
    expect((answer as { instancesDeleted: number }).instancesDeleted).toBeGreaterThan(0);
    expect([host.engine.get('purge-2'), host.engine.get('purge-live')?.status]).toEqual([undefined, 'Running']);
    expect(await client('purgeInstanceHistoryBy', { createdTimeFrom: { date: '2999-01-01T00:00:00Z' } })).toEqual({
      answer: { instancesDeleted: 0 },
    });
  });

  test('is told that rewind and entities are not here', async () => {
    await start('failing', 'no-rewind');
    await ended('no-rewind');
    expect((await client('rewind', 'no-rewind', 'why')).error).toBe('Rewind: not available in the local host.');
    expect((await client('readEntityState', { name: 'counter', key: 'k' })).error).toContain('Durable entities: not available');
    expect((await client('signalEntity', { name: 'counter', key: 'k' }, 'add', 1)).error).toContain('Durable entities: not available');
  });

  test('gets the addresses of this host, with its task hub and key', async () => {
    const { answer } = (await client('createHttpManagementPayload', 'some')) as { answer: Record<string, string> };
    const code = host.keys.system['durabletask_extension'];
    const port = new URL(host.apiUrl).port;
    expect(answer['statusQueryGetUri']).toBe(
      `http://localhost:${port}/runtime/webhooks/durabletask/instances/some?taskHub=FixtureHub&connection=Storage&code=${code}`,
    );
  });
});

describe('a check-status response', () => {
  test('leads to the status at the address the caller used, 202 while it runs and 200 at the end', async () => {
    const started = await fetch(`${host.apiUrl}/api/start/waiting?id=check`, { method: 'POST', body: '{}' });
    expect(started.status).toBe(202);
    const links = (await started.json()) as Record<string, string>;
    const status = links['statusQueryGetUri'] ?? '';
    expect(status.startsWith(host.apiUrl)).toBe(true);
    expect(started.headers.get('location')).toBe(status);

    const running = await fetch(status);
    expect([running.status, running.headers.get('retry-after'), running.headers.get('location')]).toEqual([202, '5', status]);
    const raise = (links['sendEventPostUri'] ?? '').replace('{eventName}', 'go');
    expect((await fetch(raise, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '1' })).status).toBe(202);
    await ended('check');
    expect((await fetch(status)).status).toBe(200);
  });

  test('is replaced by the output when the orchestration ends in time, 500 when it failed', async () => {
    const done = await fetch(`${host.apiUrl}/api/wait/count`, { method: 'POST', body: '{"steps": 3}' });
    expect([done.status, await done.json()]).toEqual([200, { n: 3 }]);
    const failed = await fetch(`${host.apiUrl}/api/wait/failing`, { method: 'POST', body: '{}' });
    expect([failed.status, await failed.json()]).toMatchObject([500, { runtimeStatus: 'Failed' }]);
  });
});

describe('the durable HTTP API', () => {
  test('asks for its system key on the public side', async () => {
    const status = async (key: string) => (await api('/instances', { headers: { 'x-functions-key': key } })).status;
    expect(await status('')).toBe(401);
    expect(await status(host.keys.host['default'] ?? '')).toBe(401);
    expect(await status(host.keys.master)).toBe(200);
  });

  test('refuses bodies that are not JSON, and events of another content type', async () => {
    await start('waiting', 'content');
    expect((await api('/orchestrators/count', { method: 'POST', body: '{' })).status).toBe(400);
    const raise = (type: string, body: string) =>
      api('/instances/content/raiseEvent/go', { method: 'POST', headers: { 'content-type': type }, body });
    expect((await raise('text/plain', '{}')).status).toBe(400);
    expect((await raise('application/json', '{')).status).toBe(400);
    expect((await raise('application/json; charset=utf-8', '{}')).status).toBe(202);
    await ended('content');
    expect((await raise('application/json', '{}')).status).toBe(410);
  });

  test('restarts an orchestration with its input, as a new instance or the same', async () => {
    await start('count', 'again', { steps: 4 });
    await ended('again');
    const restart = async (query: string) =>
      ((await (await api(`/instances/again/restart${query}`, { method: 'POST' })).json()) as { id: string }).id;
    const other = await restart('');
    expect(other).not.toBe('again');
    expect(await ended(other)).toEqual(['Completed', '{"n":4}']);
    expect(await restart('?restartWithNewInstanceId=false')).toBe('again');
    expect(await ended('again')).toEqual(['Completed', '{"n":4}']);
  });

  test('waits for the end when asked to', async () => {
    const done = await api('/orchestrators/count?timeout=5&pollingInterval=1', { method: 'POST', body: '{"steps": 1}' });
    expect([done.status, await done.json()]).toEqual([200, { n: 1 }]);
    const failed = await api('/orchestrators/failing?timeout=5&pollingInterval=1', { method: 'POST', body: '{}' });
    expect(failed.status).toBe(500);
    const waiting = await api('/orchestrators/waiting?timeout=0.05&pollingInterval=1', { method: 'POST', body: '{}' });
    expect(waiting.status).toBe(202);
  });

  test('answers 500 for a failed instance only when asked to, and hides input when asked to', async () => {
    await start('failing', 'failed', { secret: 'reference' });
    await ended('failed');
    expect((await api('/instances/failed')).status).toBe(200);
    expect((await api('/instances/failed?returnInternalServerErrorOnFailure=true')).status).toBe(500);
    expect(await (await api('/instances/failed?showInput=false')).json()).toMatchObject({ input: null });
  });

  test('shows the history: words, calls joined with their results, results only when asked for', async () => {
    await start('count', 'story', { steps: 1 });
    await ended('story');
    const read = async (query: string) =>
      ((await (await api(`/instances/story${query}`)).json()) as { historyEvents?: unknown[] }).historyEvents;
    expect(await read('')).toBeUndefined();
    expect(await read('?showHistory=true&showHistoryOutput=true')).toEqual([
      { EventType: 'ExecutionStarted', FunctionName: 'count', Timestamp: expect.any(String), Input: '{"steps":1}' },
      {
        EventType: 'TaskCompleted',
        FunctionName: 'addOne',
        Timestamp: expect.any(String),
        ScheduledTime: expect.any(String),
        Input: '[{"n":0}]',
        Result: 1,
      },
      { EventType: 'ExecutionCompleted', Timestamp: expect.any(String), OrchestrationStatus: 'Completed', Result: { n: 1 } },
    ]);
    const brief = await read('?showHistory=true&showInput=false');
    expect(brief?.some((event) => 'Result' in (event as object) || 'Input' in (event as object))).toBe(false);
  });

  test('shows a call that has no result yet by itself', async () => {
    await start('tomorrow', 'sleeps');
    await expect.poll(() => host.engine.history('sleeps').length).toBeGreaterThan(2);
    const { historyEvents } = (await (await api('/instances/sleeps?showHistory=true')).json()) as { historyEvents: unknown[] };
    expect(historyEvents).toContainEqual(expect.objectContaining({ EventType: 'TimerCreated', FireAt: expect.any(String) }));
  });

  test('gives pages with a token until there are no more', async () => {
    for (let n = 0; n < 5; n++) await start('waiting', `token-${n}`);
    const ids: string[] = [];
    let token: string | null = null;
    do {
      const headers: Record<string, string> = token === null ? {} : { 'x-ms-continuation-token': token };
      const page: Response = await api('/instances?instanceIdPrefix=token-&top=2', { headers });
      ids.push(...((await page.json()) as { instanceId: string }[]).map(({ instanceId }) => instanceId));
      token = page.headers.get('x-ms-continuation-token');
    } while (token !== null);
    expect(ids).toEqual(['token-0', 'token-1', 'token-2', 'token-3', 'token-4']);
  });

  test('needs a time for a purge of many, and says when there was nothing', async () => {
    expect((await api('/instances?runtimeStatus=Completed', { method: 'DELETE' })).status).toBe(400);
    expect((await api('/instances?createdTimeFrom=2999-01-01T00:00:00Z', { method: 'DELETE' })).status).toBe(404);
  });

  test('answers 404 for what it does not have', async () => {
    for (const path of ['/instances/nobody', '/else', '']) expect((await api(path)).status).toBe(404);
    expect((await api('/instances/story/dance', { method: 'POST' })).status).toBe(404);
  });
});

describe('durableClientApi', () => {
  test('purges everything that the filter finds, through all pages of the engine', async () => {
    const purged: string[] = [];
    const page = (instanceId: string, continuation?: string) => ({
      instances: [{ instanceId }],
      ...(continuation ? { continuation } : {}),
    });
    const engine = {
      list: ({ continuation }: InstanceFilter) => (continuation === undefined ? page('one', 'more') : page('two')),
      purge: async (ids: readonly string[]) => purged.push(...ids),
    } as unknown as DurableEngine;
    const address = { publicOrigin: 'http://localhost:1', rpcBaseUrl: 'http://127.0.0.1:2/durabletask/', hubName: 'Hub', code: 'c' };

    const answer = await durableClientApi(engine, address).request('/instances?createdTimeFrom=2026-01-01T00:00:00Z', { method: 'DELETE' });

    expect([answer.status, await answer.json(), purged]).toEqual([200, { instancesDeleted: 2 }, ['one', 'two']]);
  });
});
