import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, type TestContext, test, vi } from 'vitest';
import { ifFree, rememberedPorts } from '../../src/local/stack/ports.ts';
import { findMariadb } from '../../src/local/stack/targets/mariadb.ts';
import { findPostgres } from '../../src/local/stack/targets/postgres.ts';
import { findRedis } from '../../src/local/stack/targets/redis.ts';
import type { StackReady } from '../../src/local/stack.ts';

/** The built command line; `npm test` builds before it tests. */
const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** What `npm start` and `npx hsmkeep` run. */
const LAUNCHER = fileURLToPath(new URL('../../scripts/launch.mjs', import.meta.url));
const PATIENCE_MS = 120_000;

type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>;

const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'hsmkeep-stack-'));

/** What tests that run at the same time have to tell apart: whose end it is. */
type Ending = Pick<TestContext, 'onTestFinished'>;

/** `hsmkeep …` in a process of its own, ended with the test. */
function start(
  { onTestFinished }: Ending,
  args: readonly string[],
  script = [CLI],
): { process: ChildProcessWithoutNullStreams; ended: Promise<Ended> } {
  const env = { ...process.env, NO_COLOR: '1', HSMKEEP_URL: '', HSMKEEP_TOKEN: '', HSMKEEP_RESTORE_URL: '' };
  const child = spawn(process.execPath, [...script, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (written.stdout += chunk));
  child.stderr.on('data', (chunk) => (written.stderr += chunk));
  const ended = once(child, 'close').then(([code]) => ({ code, ...written }));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return { process: child, ended };
}

const hsmkeep = (ending: Ending, ...args: readonly string[]): Promise<Ended> => start(ending, args).ended;

/** Parts that a demo's servers have nothing to do with are started without them. */
const BARE = '--no-servers';
const NIGHT = /\nhsmkeep: 2 of 2 HSMs have a proven backup of \d{4}-\d\d-\d\d\n$/;
const SERVERS = [
  ['orders-db', 'postgres', 'accepted until .*', findPostgres()],
  ['reports-db', 'mariadb', 'accepted until .*', findMariadb()],
  ['cache-password', 'redis-acl', 'accepted until .*', findRedis()],
  ['loyalty-password', 'webhook', 'refused', {}],
] as const;

/** A serving stack, as soon as its ready file says that all is up. */
async function startServing(ending: Ending, data: string, script?: string[]) {
  const dev = start(ending, ['dev', '--port', '0', '--data', data, BARE], script);
  const readyFile = join(data, 'ready.json');
  const up = vi.waitFor(() => expect(existsSync(readyFile)).toBe(true), { timeout: PATIENCE_MS, interval: 50 });
  const early = dev.ended.then(({ stderr }) => Promise.reject(new Error(`It ended before it was ready:\n${stderr}`)));
  await Promise.race([up, early]);
  early.catch(() => undefined);
  return { ...dev, readyFile, ready: JSON.parse(readFileSync(readyFile, 'utf8')) as StackReady };
}

/** Whether anything of the stack still listens. */
async function listening({ apiUrl, emulator, storageConnectionString }: StackReady): Promise<string[]> {
  const blob = /BlobEndpoint=([^;]+)/.exec(storageConnectionString)?.[1] ?? '';
  const urls = [`${apiUrl}/api/health`, `${emulator.controlUrl}/_emulator/clock`, blob];
  const answers = await Promise.all(urls.map((url) => fetch(url).then(Boolean, () => false)));
  return urls.filter((_url, index) => answers[index]);
}

/** The servers of a data folder that still listen. */
async function serversListening(data: string): Promise<string[]> {
  const ports = Object.entries(rememberedPorts(join(data, 'targets.json')));
  const free = await Promise.all(ports.map(async ([, port]) => (await ifFree(port)) !== 0));
  return ports.flatMap(([name], index) => (free[index] ? [] : [name]));
}

/** PostgreSQL, when root starts it, has its data elsewhere. */
function removeServers(data: string): void {
  const note = join(data, 'postgres.folder');
  if (existsSync(note)) rmSync(readFileSync(note, 'utf8').trim(), { recursive: true, force: true });
  rmSync(data, { recursive: true, force: true });
}

describe('dev --once', { timeout: PATIENCE_MS }, () => {
  test.concurrent('takes a proven backup of each HSM and rotates a secret of each kind; the next start does neither again', async (ending) => {
    const data = emptyFolder();
    ending.onTestFinished(() => removeServers(data));
    const first = await hsmkeep(ending, 'dev', '--once', '--data', data);
    expect(first.stdout).toMatch(/^HSM +FOLDER +PROOF +BLOBS +SIZE +KEYS +DURATION\ncontoso-hsm +mhsm-contoso-hsm-\d{16} +L3c +\d/);
    expect(first.stdout).toMatch(NIGHT);
    expect(first.stderr).toMatch(/contoso-hsm: backup: completed in /);
    expect(first.stderr).toMatch(/contoso-hsm: drill: Canary done/);
    expect(first.stdout).toMatch(/\ncontoso-kv\/session-signing-key +generated +in-grace +- +-\n/);
    expect(first.stdout).toMatch(/\ncontoso-kv\/contosodata-key +azure-storage-key +in-grace +accepted +accepted\n/);
    expect(first.stdout).toMatch(/\ncontoso-kv\/contoso-web-client-secret +entra-app +in-grace +accepted +accepted until /);
    for (const [secret, kind, oldValue, found] of SERVERS) {
      if ('absent' in found) expect(first.stdout).toContain(found.absent);
      else expect(first.stdout).toMatch(new RegExp(`\\ncontoso-kv/${secret} +${kind} +in-grace +accepted +${oldValue}\\n`));
    }
    expect(first.stderr).not.toMatch(/warning|\n {4}at /i);
    expect(first.code).toBe(0);
    expect(existsSync(join(data, 'ready.json'))).toBe(false);
    expect(await serversListening(data)).toEqual([]);

    const second = await hsmkeep(ending, 'dev', '--once', '--data', data);
    expect(second.stderr).not.toMatch(/(backup|drill|rotation): completed/);
    expect(second.stdout.replace(NIGHT, ''), 'nothing has changed').toBe(first.stdout.replace(NIGHT, ''));
    expect(second.code).toBe(0);

    // The same HSMs, one of them with a container in an account that is not there.
    const config = join(data, 'other.json');
    writeFileSync(
      config,
      readFileSync(join(data, 'config.json'), 'utf8').replace('/hsmkeep/backup-fabrikam-hsm', '/elsewhere/backup-fabrikam-hsm'),
    );
    const third = await hsmkeep(ending, 'dev', '--once', '--data', data, '--config', config);
    expect(third.stdout).toMatch(/\nfabrikam-hsm: Its backups could not be listed: storage .+\n {2}.+/);
    expect(third.stdout).toMatch(/\nhsmkeep: 1 of 2 HSMs have a proven backup of \d{4}-\d\d-\d\d\n$/);
    expect(third.code).toBe(1);
  });

  test.concurrent('exits 2 for a bad configuration, before anything is started', async (ending) => {
    const config = join(emptyFolder(), 'config.json');
    const data = join(emptyFolder(), 'data');
    writeFileSync(config, '{"timeZone": "Mars/Olympus", "hsm": []}');

    const { code, stdout, stderr } = await hsmkeep(ending, 'dev', '--once', '--data', data, '--config', config);
    expect({ code, stdout, started: existsSync(data) }).toEqual({ code: 2, stdout: '', started: false });
    expect(stderr).toContain('timeZone: ');
    expect(stderr).toContain('hsm: is not a known field');
  });

  test.concurrent('that cannot start a part stops the others, also those that were still starting', async (ending) => {
    const data = emptyFolder();
    ending.onTestFinished(() => removeServers(data));
    mkdirSync(join(data, 'emulator'));
    writeFileSync(join(data, 'emulator', 'emulator.sqlite'), 'no database');

    const { code, stderr } = await hsmkeep(ending, 'dev', '--once', '--data', data);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('The emulator ended with exit code') });
    expect(Object.keys(rememberedPorts(join(data, 'targets.json')))).toHaveLength(SERVERS.length);
    expect(await serversListening(data)).toEqual([]);
  });
});

describe('dev', { timeout: PATIENCE_MS }, () => {
  test.concurrent('serves until Ctrl-C, refusing its data folder to others; a second Ctrl-C does no harm', async (ending) => {
    const data = emptyFolder();
    const { process: dev, ended, ready, readyFile } = await startServing(ending, data);
    expect(statSync(readyFile).mode & 0o077).toBe(0);
    expect(Object.keys(ready)).toEqual(['apiUrl', 'eventGridUrl', 'storageConnectionString', 'users', 'emulator']);
    expect(await listening(ready)).toHaveLength(3);

    const list = await hsmkeep(ending, 'hsm', 'list', '--ready-file', readyFile);
    expect(list).toMatchObject({ code: 0, stdout: expect.stringMatching(/^HSM +STATUS[^\n]*\ncontoso-hsm .*\nfabrikam-hsm /) });

    const other = await hsmkeep(ending, 'dev', '--once', '--data', data);
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining(`The data folder ${data} is in use`) });
    expect(existsSync(readyFile)).toBe(true);
    expect(await listening(ready)).toHaveLength(3);

    dev.kill('SIGINT');
    dev.kill('SIGINT');
    expect((await ended).code).toBe(0);
    expect(await listening(ready)).toEqual([]);
    expect(existsSync(readyFile)).toBe(false);
  });

  test.concurrent('refuses a port in use, naming the option', async (ending) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    ending.onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };

    const { code, stderr } = await hsmkeep(ending, 'dev', '--port', String(port), '--data', emptyFolder());
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(new RegExp(`Port ${port} is in use.*\n.*--port`)) });
  });

  test.concurrent('ends with its launcher, and the next start finds the folder free; a part of that one that dies is named', async (ending) => {
    const data = emptyFolder();
    const { process: launcher, ready } = await startServing(ending, data, [LAUNCHER, 'cli']);
    launcher.kill('SIGKILL');
    await vi.waitFor(async () => expect(await listening(ready)).toEqual([]), { timeout: 30_000, interval: 100 });

    const again = await startServing(ending, data);
    expect(again.ready.emulator.hsms).toEqual(ready.emulator.hsms);
    expect(again.ready.storageConnectionString).toBe(ready.storageConnectionString);

    process.kill(Number(/\d+/.exec(readFileSync(join(data, 'emulator', 'emulator.pid'), 'utf8'))?.[0]), 'SIGKILL');
    const { code, stderr } = await again.ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('The emulator was ended by SIGKILL.') });
    expect(stderr).toContain(join(data, 'logs', 'emulator.log'));
    expect(await listening(again.ready)).toEqual([]);
  });

  test.concurrent('all parts end when the command itself is killed', async (ending) => {
    const { process: dev, ready } = await startServing(ending, emptyFolder());
    dev.kill('SIGKILL');
    await vi.waitFor(async () => expect(await listening(ready)).toEqual([]), { timeout: 30_000, interval: 100 });
  });
});
