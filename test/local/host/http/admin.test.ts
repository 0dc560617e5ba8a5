import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type FixtureHost, startFixture } from '../support/fixture-host.ts';

let host: FixtureHost;
beforeAll(async () => {
  host = await startFixture();
});
afterAll(() => host.stop());

function call(path: string, { key = host.keys.master, ...init }: RequestInit & { key?: string } = {}) {
  return fetch(`${host.apiUrl}/admin${path}`, { ...init, headers: { 'x-functions-key': key } });
}

describe('the admin interface', () => {
  test('asks for the master key', async () => {
    expect((await call('/functions', { key: '' })).status).toBe(401);
    expect((await call('/functions', { key: host.keys.host['default'] ?? '' })).status).toBe(401);
    expect((await call('/host/status')).status).toBe(200);
  });

  test('lists the functions with their bindings', async () => {
    const functions = (await (await call('/functions')).json()) as { name: string; config: { bindings: unknown[] } }[];
    expect(functions.map(({ name }) => name)).toEqual(expect.arrayContaining(['hello', 'nightly', 'count', 'addOne', 'secretEvent']));
    expect(await (await call('/functions/NIGHTLY')).json()).toMatchObject({
      name: 'nightly',
      config: { bindings: [{ type: 'timerTrigger' }] },
    });
    expect((await call('/functions/unknown')).status).toBe(404);
  });

  test('runs a timer by hand in the background, with its status and not past due', async () => {
    expect((await call('/functions/nightly', { method: 'POST', body: '{"input": ""}' })).status).toBe(202);
    await vi.waitFor(async () => {
      const { timers } = (await (await fetch(`${host.apiUrl}/api/seen`)).json()) as { timers: unknown[] };
      expect(timers).toContainEqual([
        'nightly',
        false,
        { last: '0001-01-01T00:00:00', next: expect.any(String), lastUpdated: expect.any(String) },
      ]);
    });
  });

  test('logs the failure of what was started by hand', async () => {
    await call('/functions/secretEvent', { method: 'POST', body: JSON.stringify({ input: '{"data": {"bad": true}}' }) });
    await vi.waitFor(() => expect(host.logged.map(({ fields }) => fields?.['reason'])).toContain('a bad event'));
  });

  test.each([
    ['/functions/unknown', '{"input": ""}', 404],
    ['/functions/nightly', 'no json', 400],
    ['/functions/nightly', '"text"', 400],
    ['/functions/hello', '{"input": ""}', 400],
    ['/functions/count', '{"input": ""}', 400],
    ['/else', '{}', 404],
  ])('answers POST %s with body %s by %i', async (path, body, status) => {
    expect((await call(path, { method: 'POST', body })).status).toBe(status);
  });
});
