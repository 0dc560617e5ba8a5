import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, type TestContext, test, vi } from 'vitest';
import type { StackReady } from '../../src/local/stack.ts';

/** The built command line; `npm test` builds before it tests. */
const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PATIENCE_MS = 120_000;

type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>;

const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'hsmkeep-stack-'));

/** What tests that run at the same time have to tell apart: whose end it is. */
type Ending = Pick<TestContext, 'onTestFinished'>;

/** `hsmkeep …` in a process of its own, ended with the test. */
function start({ onTestFinished }: Ending, args: readonly string[]): { process: ChildProcessWithoutNullStreams; ended: Promise<Ended> } {
  const env = { ...process.env, NO_COLOR: '1', HSMKEEP_URL: '', HSMKEEP_TOKEN: '', HSMKEEP_RESTORE_URL: '' };
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
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

/** A serving stack, as soon as its ready file says that all is up. */
async function startServing(ending: Ending, data: string) {
  const dev = start(ending, ['dev', '--port', '0', '--data', data]);
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

describe('dev --once', { timeout: PATIENCE_MS }, () => {
  test.concurrent('takes a proven backup of each HSM and rotates secrets; the next start does neither again', async (ending) => {
    const data = emptyFolder();
    const first = await hsmkeep(ending, 'dev', '--once', '--data', data);
    expect(first.stdout).toMatch(/^HSM +FOLDER +PROOF +BLOBS +SIZE +KEYS +DURATION\ncontoso-hsm +mhsm-contoso-hsm-\d{16} +L3c +\d/);
    expect(first.stdout).toMatch(/\nhsmkeep: 2 of 2 HSMs have a proven backup of \d{4}-\d\d-\d\d\n$/);
    expect(first.stderr).toMatch(/contoso-hsm: backup: completed in /);
    expect(first.stderr).toMatch(/contoso-hsm: drill: Canary done/);
    expect(first.stdout).toMatch(/\ncontoso-kv\/session-signing-key +in-grace +generated /);
    expect(first.stdout).toMatch(/\ncontoso-kv\/contosodata-key +fresh +azure-storage-key /);
    expect(first.stderr).not.toMatch(/warning|\n {4}at /i);
    expect(first.code).toBe(0);
    expect(existsSync(join(data, 'ready.json'))).toBe(false);

    const second = await hsmkeep(ending, 'dev', '--once', '--data', data);
    expect(second.stderr).not.toMatch(/(backup|drill|rotation): completed/);
    expect(second.stdout).toMatch(/\nhsmkeep: 2 of 2 HSMs have a proven backup of \d{4}-\d\d-\d\d\n$/);
    expect(second.code).toBe(0);
  });

  test.concurrent('exits 1, and says why, when an HSM has no proven backup', async (ending) => {
    const data = emptyFolder();
    const { process: dev, ended } = await startServing(ending, data);
    dev.kill('SIGTERM');
    await ended;

    // The same HSMs, one of them with a container in an account that is not there; no drill, which another test sees through.
    const config = join(data, 'other.json');
    const made = JSON.parse(readFileSync(join(data, 'config.json'), 'utf8'), (key, value) => (key === 'drill' ? undefined : value));
    writeFileSync(config, JSON.stringify(made).replace('/hsmkeep/backup-fabrikam-hsm', '/elsewhere/backup-fabrikam-hsm'));
    const { code, stdout } = await hsmkeep(ending, 'dev', '--once', '--data', data, '--config', config);
    expect(stdout).toMatch(/\nfabrikam-hsm: backup, .+\n {2}.+/);
    expect(stdout).toMatch(/\nhsmkeep: 1 of 2 HSMs have a proven backup of \d{4}-\d\d-\d\d\n$/);
    expect(code).toBe(1);
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
});

describe('dev', { timeout: PATIENCE_MS }, () => {
  test.concurrent('serves until Ctrl-C, which stops every part; a second one does no harm', async (ending) => {
    const { process: dev, ended, ready, readyFile } = await startServing(ending, emptyFolder());
    expect(statSync(readyFile).mode & 0o077).toBe(0);
    expect(Object.keys(ready)).toEqual(['apiUrl', 'eventGridUrl', 'storageConnectionString', 'users', 'emulator']);
    expect(await listening(ready)).toHaveLength(3);

    const list = await hsmkeep(ending, 'hsm', 'list', '--ready-file', readyFile);
    expect(list).toMatchObject({ code: 0, stdout: expect.stringMatching(/^HSM +STATUS[^\n]*\ncontoso-hsm .*\nfabrikam-hsm /) });

    dev.kill('SIGINT');
    dev.kill('SIGINT');
    expect((await ended).code).toBe(0);
    expect(await listening(ready)).toEqual([]);
    expect(existsSync(readyFile)).toBe(false);
  });

  test.concurrent('refuses a data folder in use, and leaves the stack that uses it alone', async (ending) => {
    const data = emptyFolder();
    const { ready, readyFile } = await startServing(ending, data);

    const { code, stderr } = await hsmkeep(ending, 'dev', '--once', '--data', data);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`The data folder ${data} is in use`) });
    expect(existsSync(readyFile)).toBe(true);
    expect(await listening(ready)).toHaveLength(3);
  });

  test.concurrent('refuses a port in use, naming the option', async (ending) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    ending.onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };

    const { code, stderr } = await hsmkeep(ending, 'dev', '--port', String(port), '--data', emptyFolder());
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(new RegExp(`Port ${port} is in use.*\n.*--port`)) });
  });

  test.concurrent('a part that dies is named, the others are stopped, and the exit code is 1', async (ending) => {
    const data = emptyFolder();
    const { ended, ready } = await startServing(ending, data);
    const emulator = Number(/\d+/.exec(readFileSync(join(data, 'emulator', 'emulator.pid'), 'utf8'))?.[0]);
    process.kill(emulator, 'SIGKILL');

    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('The emulator was ended by SIGKILL.') });
    expect(stderr).toContain(join(data, 'logs', 'emulator.log'));
    expect(await listening(ready)).toEqual([]);
  });

  test.concurrent('all parts end when the command itself is killed, and the next start finds the folder free', async (ending) => {
    const data = emptyFolder();
    const { process: dev, ready } = await startServing(ending, data);
    dev.kill('SIGKILL');
    await vi.waitFor(async () => expect(await listening(ready)).toEqual([]), { timeout: 30_000, interval: 100 });

    const again = await startServing(ending, data);
    expect(again.ready.emulator.hsms).toEqual(ready.emulator.hsms);
    expect(again.ready.storageConnectionString).toBe(ready.storageConnectionString);
  });
});
