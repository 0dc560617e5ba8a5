import { Hono } from 'hono';
import { afterEach, describe, expect, test } from 'vitest';
import { rpcApp } from '../../../../src/local/host/http/public-app.ts';
import { type Listener, listen } from '../../../../src/local/host/http/server.ts';

const open: Listener[] = [];
async function start(port = 0): Promise<Listener & { url: string }> {
  const listener = await listen(port, '--port');
  open.push(listener);
  return { ...listener, url: `http://127.0.0.1:${listener.port}/` };
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

describe('listen', () => {
  test('answers 503 until there is something to serve', async () => {
    const { url, serve } = await start();
    const early = await fetch(url);
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
    serve(() => new Response('here'));
    expect(await (await fetch(url)).text()).toBe('here');
  });

  test('finishes what it is answering when it takes no new connection', async () => {
    const { url, serve, refuse, close } = await start();
    const { promise, resolve } = Promise.withResolvers<Response>();
    const asked = Promise.withResolvers<void>();
    serve(() => {
      asked.resolve();
      return promise;
    });
    const answer = fetch(url);
    await asked.promise;
    refuse();
    await expect(fetch(url)).rejects.toThrow();
    resolve(new Response('late'));
    expect(await (await answer).text()).toBe('late');
    await close();
  });

  test('frees its port when closed, also under an open request', async () => {
    const { port, url, serve, close } = await start();
    serve(() => new Promise(() => {}));
    const answer = fetch(url).catch(() => 'cut');
    await close();
    expect(await answer).toBe('cut');
    expect((await start(port)).port).toBe(port);
  });

  test('refuses a port in use, naming it and the option', async () => {
    const { port } = await start();
    await expect(listen(port, '--rpc-port')).rejects.toMatchObject({
      name: 'OperatorError',
      message: `Port ${port} is in use by another program.`,
      hint: expect.stringContaining('--rpc-port'),
    });
  });
});

describe('rpcApp', () => {
  const serve = rpcApp(
    new Hono().get('/instances', (c) => c.text('instances')),
    4711,
    () => {},
  );
  const status = async (headers: Record<string, string>, path = '/durabletask/instances') =>
    (await serve(new Request(`http://127.0.0.1:4711${path}`, { headers }))).status;

  test('serves the app in the same process without a key', async () => {
    expect(await status({ host: '127.0.0.1:4711' })).toBe(200);
    expect(await status({ host: '127.0.0.1:4711' }, '/api/hello')).toBe(404);
  });

  test('refuses what a page in a browser may send: a foreign origin, or another name for this address', async () => {
    expect(await status({ host: '127.0.0.1:4711', origin: 'https://evil.example' })).toBe(403);
    expect(await status({ host: 'evil.example:4711' })).toBe(403);
  });
});
