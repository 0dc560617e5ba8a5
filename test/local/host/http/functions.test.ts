import { request as rawRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBody } from '../../../../src/local/host/http/read-body.ts';
import { type FixtureHost, startFixture } from '../support/fixture-host.ts';

let host: FixtureHost;
beforeAll(async () => {
  host = await startFixture();
});
afterAll(() => host.stop());

const call = (path: string, init: RequestInit = {}) => fetch(`${host.apiUrl}${path}`, init);
const withKey = (key: string | undefined, init: RequestInit = {}) => ({
  ...init,
  headers: { ...init.headers, 'x-functions-key': key ?? '' },
});

describe('an HTTP function', () => {
  test('gets parameters, query, headers, body and the whole address', async () => {
    const answer = await call(
      '/api/hello/a%20b?x=1&y=2&x=3',
      withKey(host.keys.host['default'], { method: 'POST', body: 'text', headers: { 'x-mark': 'm' } }),
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-answer')).toBe('1');
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.json()).toEqual({
      name: 'a b',
      query: { x: '1,3', y: '2' },
      header: 'm',
      body: 'text',
      url: `${host.apiUrl}/api/hello/a%20b?x=1&y=2&x=3`,
    });
  });

  test('gets no parameter for an optional segment that the path leaves out', async () => {
    expect(await (await call('/api/HELLO', withKey(host.keys.host['default']))).json()).toMatchObject({ name: null });
  });

  test('gets the address that the caller used, whatever its Host', async () => {
    const body = await new Promise<string>((resolve, reject) => {
      const headers = { host: 'hsmkeep.example:8443', 'x-functions-key': host.keys.master };
      rawRequest(`${host.apiUrl}/api/hello`, { headers }, async (response) => resolve((await response.toArray()).join('')))
        .on('error', reject)
        .end();
    });
    expect(JSON.parse(body)).toMatchObject({ url: 'http://hsmkeep.example:8443/api/hello' });
  });

  test('is chosen by the more specific route', async () => {
    expect(await (await call('/api/open/7/a/b%2Fc')).text()).toBe('7|a/b%2Fc');
    expect(await (await call('/api/open/7/exact')).text()).toBe('exact');
    expect(await (await call('/api/open/latest/x')).text()).toBe('latest');
    expect((await call('/api/open/seven')).status).toBe(404);
  });

  test('is 404 for a method it does not list, HEAD too', async () => {
    expect((await call('/api/hello', withKey(host.keys.master, { method: 'DELETE' }))).status).toBe(404);
    expect((await call('/api/open/7', { method: 'HEAD' })).status).toBe(404);
  });

  test('gives bytes back as they came', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const answer = await call('/api/bytes', { method: 'PUT', body: bytes });
    expect(answer.status).toBe(201);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
  });

  test('answers 204 when the handler returns nothing, and an empty 500 when it throws', async () => {
    expect((await call('/api/nothing')).status).toBe(204);
    const failed = await call('/api/failure');
    expect([failed.status, await failed.text()]).toEqual([500, '']);
    expect(host.logged).toContainEqual({
      level: 'error',
      message: 'http function failed',
      fields: { function: 'failure', reason: 'the handler failed' },
    });
  });

  test('sets its cookies with their attributes', async () => {
    const cookies = (await call('/api/cookies')).headers.getSetCookie();
    expect(cookies).toEqual([
      'plain=a%20b',
      'full=x; Max-Age=5; Path=/p; Expires=Sun, 01 Mar 2026 00:00:00 GMT; HttpOnly; Secure; SameSite=Strict',
    ]);
  });
});

describe('keys', () => {
  test.each([
    ['/api/hello', () => undefined, 401],
    ['/api/hello', () => 'wrong', 401],
    ['/api/hello', () => host.keys.host['default'], 200],
    ['/api/hello', () => host.keys.master, 200],
    ['/api/hello', () => host.keys.system['eventgrid_extension'], 401],
    ['/api/administer', () => host.keys.host['default'], 401],
    ['/api/administer', () => host.keys.master, 200],
    ['/api/open/1', () => undefined, 200],
    ['/api/unknown', () => undefined, 404],
    ['/', () => undefined, 404],
  ])('%s with a key of case %#', async (path, key, status) => {
    expect((await call(path, withKey(key()))).status).toBe(status);
  });

  test('may come as the query parameter code; the header goes first', async () => {
    const code = encodeURIComponent(host.keys.host['default'] ?? '');
    expect((await call(`/api/hello?code=${code}`)).status).toBe(200);
    expect((await call(`/api/hello?code=${code}`, withKey('wrong'))).status).toBe(401);
  });
});

test('a body of more than 100 MB is refused before the function sees it', async () => {
  const tooMuch = 100 * 1024 * 1024 + 1;
  const status = await new Promise((resolve, reject) => {
    const announced = rawRequest(`${host.apiUrl}/api/bytes`, { method: 'PUT', headers: { 'content-length': tooMuch } }, (response) => {
      resolve(response.statusCode);
      announced.destroy();
    });
    announced.on('error', reject);
    announced.flushHeaders();
  });
  expect(status).toBe(413);
});

describe('readBody', () => {
  test('stops reading a body of unknown length once it is too long', async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({ pull: (stream) => stream.enqueue(new Uint8Array(++sent && 10)) });
    const request = new Request('http://host/', { method: 'POST', body: endless, duplex: 'half' } as RequestInit);
    expect(await readBody(request, 35)).toBeUndefined();
    expect(sent).toBeLessThan(10);
  });

  test('gives a body of just the length that is allowed', async () => {
    expect((await readBody(new Request('http://host/', { method: 'POST', body: 'abc' }), 3))?.toString()).toBe('abc');
    expect(await readBody(new Request('http://host/'), 3)).toHaveLength(0);
  });
});
