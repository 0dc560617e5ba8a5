import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixtureApp, temporaryFolder } from './support/fixture-host.ts';
import { type HostProcess, runMain, spawnHost } from './support/host-process.ts';

const DURABLE = '/runtime/webhooks/durabletask';

async function start(host: HostProcess, name: string, instanceId: string, input: unknown): Promise<void> {
  const answer = await host.call(`${DURABLE}/orchestrators/${name}/${instanceId}`, { method: 'POST', body: JSON.stringify(input) });
  expect(answer.status).toBe(202);
}

/** Waits until an instance has ended; its status and output. */
async function outcome(host: HostProcess, instanceId: string): Promise<unknown> {
  const read = async () => host.call(`${DURABLE}/instances/${instanceId}`);
  await expect.poll(async () => (await read()).status, { timeout: 20_000, interval: 50 }).toBe(200);
  const { runtimeStatus, output } = (await (await read()).json()) as { runtimeStatus: string; output: unknown };
  return [runtimeStatus, output];
}

async function stop(host: HostProcess): Promise<void> {
  host.child.kill('SIGTERM');
  expect(await host.ended).toMatchObject({ code: 0, signal: null });
}

const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []);

describe('the host as a process', () => {
  test('writes its ready file last, for its owner alone, and ends cleanly on SIGTERM and SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const host = spawnHost();
      const { apiUrl, eventGridUrl, masterKey } = await host.ready;
      expect(eventGridUrl).toMatch(new RegExp(`^${apiUrl}/runtime/webhooks/EventGrid\\?functionName=\\{functionName\\}&code=.{20,}$`));
      expect(statSync(host.readyFile).mode & 0o777).toBe(0o600);
      expect((await fetch(`${apiUrl}/admin/host/status`, { headers: { 'x-functions-key': masterKey } })).status).toBe(200);
      host.child.kill(signal);
      expect(await host.ended).toMatchObject({ code: 0, signal: null, stdout: '' });
    }
  });

  test('does away with an old ready file before it starts', async () => {
    const readyFile = join(temporaryFolder(), 'ready.json');
    writeFileSync(readyFile, '{"apiUrl": "http://127.0.0.1:1"}');
    const { code } = await runMain(['--app', fixtureApp('blob-app'), '--data', temporaryFolder(), '--ready-file', readyFile]).ended;
    expect([code, existsSync(readyFile)]).toEqual([1, false]);
  });

  test('prints the addresses on standard output when there is no ready file', async () => {
    const { child, ended } = runMain(['--app', fixtureApp('app'), '--data', temporaryFolder()]);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGTERM');
    const { stdout } = await ended;
    expect(JSON.parse(stdout)).toMatchObject({ apiUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
  });

  test('logs one line per event, without input, output or keys', async () => {
    const host = spawnHost();
    const { masterKey } = await host.ready;
    await start(host, 'count', 'quiet', { steps: 1, note: 'canary-input' });
    await outcome(host, 'quiet');
    await stop(host);
    const { stderr } = await host.ended;
    expect(stderr).not.toContain('canary-input');
    expect(stderr).not.toContain(masterKey);
    for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z (debug|info|warning|error) /);
  });

  test('puts the settings file into the environment before the app is loaded; what is there already wins', async () => {
    const settings = join(temporaryFolder(), 'local.settings.json');
    writeFileSync(settings, JSON.stringify({ IsEncrypted: false, Values: { FREQUENT: 'never', ONLY_HERE: 'x' } }));
    const host = spawnHost({ args: ['--settings', settings] });
    expect(await (await host.call('/api/environment?name=ONLY_HERE')).text()).toBe('x');
    expect(await (await host.call('/api/environment?name=FREQUENT')).text()).toBe('*/30 * * * * *');
    expect(await (await host.call('/api/environment?name=WEBSITE_HOSTNAME')).text()).toMatch(/^localhost:\d+$/);
    await stop(host);
  });
});

describe('a host that cannot start', () => {
  const refused = async (args: readonly string[], env = {}) => {
    const { code, stderr } = await runMain(args, env).ended;
    return { code, stderr };
  };
  const ofApp = (app: string, ...more: string[]) => refused(['--app', app, '--data', temporaryFolder(), ...more]);

  test('names the port and the option when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    for (const option of ['--port', '--rpc-port']) {
      const { code, stderr } = await ofApp(fixtureApp('app'), option, String(port));
      expect(code).toBe(1);
      expect(stderr).toContain(`Port ${port} is in use`);
      expect(stderr).toContain(option);
    }
    other.close();
  });

  test('names the holder when the data folder is in use, who goes on undisturbed', async () => {
    const first = spawnHost();
    await first.ready;
    const { code, stderr } = await refused(['--app', fixtureApp('app'), '--data', first.dataDir]);
    expect(code).toBe(1);
    expect(stderr).toContain(`The data folder ${first.dataDir} is in use by another host (process ${first.child.pid}, since `);
    expect((await first.call('/api/seen')).status).toBe(200);
    await stop(first);
  });

  test('takes a data folder again at once after kill -9', async () => {
    const first = spawnHost();
    await first.ready;
    first.child.kill('SIGKILL');
    await first.ended;
    const second = spawnHost({ dataDir: first.dataDir });
    await second.ready;
    await stop(second);
  });

  test.each([
    ['stream-app', 'enableHttpStream'],
    ['entity-app', "'Counter' is an entity"],
    ['blob-app', 'onBlob (blobTrigger)'],
    ['output-app', 'sends (queue)'],
  ])('refuses %s, naming what it does not have', async (app, reason) => {
    const { code, stderr } = await ofApp(fixtureApp(app));
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
  });

  test.each([
    ['an app without a host.json', {}, /host\.json/],
    ['an app without a package.json', { 'host.json': { version: '2.0' } }, /package\.json/],
    ['an app without entry points', { 'package.json': { name: 'x' }, 'host.json': { version: '2.0' } }, /has no "main"/],
    [
      'entry points that are not there',
      { 'package.json': { main: 'dist/*.js' }, 'host.json': { version: '2.0' } },
      /No file matches.*dist\/\*\.js/,
    ],
    ['an old host.json', { 'package.json': { main: 'a.js' }, 'host.json': { version: '1.0' } }, /version/],
    ['a bad time span', { 'package.json': { main: 'a.js' }, 'host.json': { version: '2.0', functionTimeout: 'soon' } }, /soon/],
  ])('refuses %s', async (_, files, reason) => {
    const app = temporaryFolder();
    for (const [name, content] of Object.entries(files)) writeFileSync(join(app, name), JSON.stringify(content));
    const { code, stderr } = await ofApp(app);
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
  });

  test('says what is wrong with its command line, and helps when asked', async () => {
    expect(await refused([])).toMatchObject({ code: 2, stderr: expect.stringContaining('--app and --data') });
    expect(await refused(['--nonsense'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--nonsense') });
    expect(await refused(['--app', 'a', '--data', 'b', '--port', '70000'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--port'),
    });
    expect(await runMain(['--help']).ended).toMatchObject({ code: 0, stdout: expect.stringContaining('--rpc-port') });
  });

  test('refuses a crash point that it cannot read', async () => {
    const { code, stderr } = await refused(['--app', fixtureApp('app'), '--data', temporaryFolder()], { HSMKEEP_CRASH_AT: 'somewhere' });
    expect(code).toBe(1);
    expect(stderr).toContain('somewhere');
  });
});

describe('a host that is started again', () => {
  test('keeps its keys, its finished instances and those that wait', async () => {
    const first = spawnHost();
    const { masterKey } = await first.ready;
    await start(first, 'waiting', 'over-night', {});
    await start(first, 'count', 'done', { steps: 2 });
    await outcome(first, 'done');
    await stop(first);

    const second = spawnHost({ dataDir: first.dataDir });
    expect((await second.ready).masterKey).toBe(masterKey);
    expect(await outcome(second, 'done')).toEqual(['Completed', { n: 2 }]);
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '7' };
    expect((await second.call(`${DURABLE}/instances/over-night/raiseEvent/go`, init)).status).toBe(202);
    expect(await outcome(second, 'over-night')).toEqual(['Completed', { go: 7 }]);
    await stop(second);
  });

  test('waits on SIGTERM for the activity that runs, whose result is not lost', async () => {
    const file = join(temporaryFolder(), 'trace');
    const first = spawnHost();
    await start(first, 'traced', 'patient', { file, steps: 2, waitMs: 400 });
    await expect.poll(() => lines(file)).toContain('begin');
    await stop(first);
    expect(lines(file)).toEqual(['begin', 'end']);

    const second = spawnHost({ dataDir: first.dataDir });
    expect(await outcome(second, 'patient')).toEqual(['Completed', { steps: 2 }]);
    expect(lines(file)).toEqual(['begin', 'end', 'begin', 'end']);
    await stop(second);
  });

  test('answers the request it is working on before it ends on SIGTERM', async () => {
    const host = spawnHost();
    await host.ready;
    const answer = host.call('/api/slow');
    await expect.poll(async () => ((await (await host.call('/api/seen')).json()) as { hooks: string[] }).hooks).toContain('pre slow');
    host.child.kill('SIGTERM');
    expect(await (await answer).text()).toBe('slow');
    expect((await host.ended).code).toBe(0);
  });

  test.each(['before-activity', 'after-activity', 'after-commit'])('goes on after kill -9 at %s', async (point) => {
    const file = join(temporaryFolder(), 'trace');
    const first = spawnHost({ env: { HSMKEEP_CRASH_AT: `${point}:trace:2` } });
    await first.ready;
    // The process may be gone before it can answer.
    await start(first, 'traced', 'survivor', { file, steps: 3 }).catch(() => {});
    expect((await first.ended).signal).toBe('SIGKILL');

    const second = spawnHost({ dataDir: first.dataDir });
    expect(await outcome(second, 'survivor')).toEqual(['Completed', { steps: 3 }]);
    // The second activity ran again only if it had run and its result was not on disk.
    expect(lines(file)).toHaveLength(point === 'after-activity' ? 8 : 6);
    await stop(second);
  });

  test('finishes every orchestration across kill -9 at any time', async () => {
    const dataDir = temporaryFolder();
    const first = spawnHost({ dataDir });
    await Promise.all(Array.from({ length: 12 }, (_, n) => start(first, 'count', `load-${n}`, { steps: 60 })));
    first.child.kill('SIGKILL');
    await first.ended;

    const second = spawnHost({ dataDir });
    await second.ready;
    second.child.kill('SIGKILL');
    await second.ended;

    const third = spawnHost({ dataDir });
    for (let n = 0; n < 12; n++) expect(await outcome(third, `load-${n}`)).toEqual(['Completed', { n: 60 }]);
    await stop(third);
  });
});
