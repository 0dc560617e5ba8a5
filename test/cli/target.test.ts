import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyFolder, folderWithReadyFile, hsmkeep, hsmView, serve, serveApi } from './support.ts';

const hsms = { 'GET /api/hsms': { body: { value: [hsmView()] } } };

describe('where to', () => {
  test('the ready file of the local stack, from the current folder upward, as alice', async () => {
    const { url, seen } = await serveApi(hsms);
    const project = emptyFolder();
    const below = join(project, 'a', 'b');
    for (const folder of [below, join(project, '.hsmkeep')]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(project, '.hsmkeep', 'ready.json'), JSON.stringify({ apiUrl: `${url}/api`, users: { alice: 'hers' } }));

    expect((await hsmkeep(['hsm', 'list'], { cwd: below })).code).toBe(0);
    expect(seen[0]?.authorization).toBe('Bearer hers');
  });

  test('a named ready file, as the person of choice, whatever the environment says', async () => {
    const { url, seen } = await serveApi(hsms);
    const { cwd } = folderWithReadyFile(url);
    const args = ['hsm', 'list', '--ready-file', 'ready.json', '--as', 'bob'];
    const { code } = await hsmkeep(args, { cwd, env: { HSMKEEP_URL: 'http://127.0.0.1:1', HSMKEEP_TOKEN: 'other' } });
    expect({ code, token: seen[0]?.authorization }).toEqual({ code: 0, token: 'Bearer token-of-bob' });
  });

  test('a URL before the environment, and a token from either', async () => {
    const { url, seen } = await serveApi(hsms);
    const env = { HSMKEEP_URL: 'http://127.0.0.1:1', HSMKEEP_TOKEN: 'from-env' };
    await hsmkeep(['hsm', 'list', '--url', `${url}/`], { env });
    await hsmkeep(['hsm', 'list', '--url', `${url}/api/`, '--token', 'given'], { env });
    expect(seen.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/api/hsms', 'Bearer from-env'],
      ['/api/hsms', 'Bearer given'],
    ]);
  });

  test.each([
    ['there is neither a URL nor a local stack', ['hsm', 'list'], {}, 'npm start'],
    ['a URL is none', ['hsm', 'list', '--url', 'contoso'], {}, 'contoso is not a URL'],
    ['the token would travel unencrypted', ['hsm', 'list', '--url', 'http://contoso.example'], {}, 'unencrypted'],
    ['a person is named beside a URL', ['hsm', 'list', '--url', 'https://contoso.example', '--as', 'bob'], {}, '--as'],
    ['two places are named', ['hsm', 'list', '--url', 'https://contoso.example', '--ready-file', 'f'], {}, 'Both'],
    ['a deadline is no number', ['hsm', 'list', '--timeout', 'soon'], {}, 'number of seconds'],
    ['a port is none', ['dev', '--port', '70000'], {}, 'from 0 to 65535'],
    ['a command does not exist', ['hsm', 'lst'], {}, 'Did you mean list?'],
    ['an option does not exist', ['hsm', 'list', '--jsn'], {}, 'Did you mean --json?'],
  ])('exits 2 when %s', async (_when, args, env, said) => {
    const { code, stdout, stderr } = await hsmkeep(args, { env });
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(said) });
  });

  test('says who there is when nobody is called so', async () => {
    const { cwd, file } = folderWithReadyFile('http://127.0.0.1:1');
    const { code, stderr } = await hsmkeep(['hsm', 'list', '--ready-file', file, '--as', 'eve'], { cwd });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('There are: alice, bob.') });
  });

  test.each(['nonsense', '{"some": "thing"}', 'null'])('refuses a ready file that is none: %s', async (text) => {
    const file = join(emptyFolder(), 'ready.json');
    writeFileSync(file, text);
    const { code, stderr } = await hsmkeep(['hsm', 'list', '--ready-file', file]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('is not a ready file of hsmkeep') });
  });
});

describe('errors of the API', () => {
  const list = (url: string, ...args: string[]) => hsmkeep(['hsm', 'list', '--url', url, ...args], { env: { HSMKEEP_TOKEN: 't' } });

  test('a problem document becomes its detail and its hint', async () => {
    const body = { title: 'Forbidden', detail: 'You lack the role viewer.', hint: 'Ask an administrator.' };
    const { url } = await serveApi({ 'GET /api/hsms': { status: 403, type: 'application/problem+json', body } });
    const { code, stderr } = await list(url);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: You lack the role viewer.\n  Ask an administrator.\n' });
  });

  test.each([
    [401, 'az login'],
    [403, 'role'],
    [404, 'hsm list'],
    [502, 'Try again'],
  ])('%i without a problem document still says what to do', async (status, hint) => {
    const { url } = await serveApi({ 'GET /api/hsms': { status, type: 'text/html', body: '<h1>no</h1>' } });
    const { code, stderr } = await list(url);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(hint) });
    expect(stderr).toContain(`answered ${status}`);
  });

  test('a success that is not JSON is not hsmkeep', async () => {
    const { url } = await serveApi({ 'GET /api/hsms': { type: 'text/html', body: '<h1>Your app is up</h1>' } });
    expect((await list(url)).stderr).toContain('is not JSON');
  });

  test('a redirect is not followed with the token', async () => {
    const other = await serveApi(hsms);
    const { url } = await serveApi({ 'GET /api/hsms': { status: 302, headers: { location: `${other.url}/api/hsms` }, body: {} } });
    expect({ code: (await list(url)).code, reached: other.seen.length }).toEqual({ code: 1, reached: 0 });
  });

  test('no answer within the deadline', async () => {
    const { url } = await serve(() => undefined);
    const { code, stderr } = await list(url, '--timeout', '0.05');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('did not answer within 0.05 s') });
  });

  test('nothing listens there', async () => {
    const { url, close } = await serve(() => undefined);
    await close();
    expect((await list(url)).stderr).toContain('nothing listens there');
  });

  test('a local token that the API refuses is renewed once', async () => {
    const { url, seen } = await serve(({ path, authorization }) => {
      if (path === '/_emulator/tokens') return { body: { token: 'new' } };
      return authorization === 'Bearer new' ? { body: { value: [] } } : { status: 401, body: {} };
    });
    const { cwd, file } = folderWithReadyFile(url);
    const { code } = await hsmkeep(['hsm', 'list', '--ready-file', file], { cwd });
    expect(code).toBe(0);
    expect(seen.map(({ path }) => path)).toEqual(['/api/hsms', '/_emulator/tokens', '/api/hsms']);
    expect(seen[1]?.body).toMatchObject({ user: 'alice' });
  });
});

describe('--help', () => {
  test.each([
    [[]],
    [['hsm']],
    [['hsm', 'list']],
    [['backup']],
    [['backup', 'now']],
    [['pre-restore']],
    [['run']],
    [['run', 'show']],
    [['config']],
    [['catalogue', 'rebuild']],
    [['dev']],
  ])('has examples for %j', async (command) => {
    const { code, stdout } = await hsmkeep([...command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:\n {2}# .+\n {2}\$ /);
  });

  test('is shown, and the exit code is 2, when no command is given', async () => {
    const { code, stderr } = await hsmkeep([]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('Usage: hsmkeep') });
  });
});
