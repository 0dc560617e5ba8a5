import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startEmulator } from '../../src/emulator/start.ts';
import { type RunningAzurite, startAzurite } from '../support/azurite.ts';
import { clientOf } from '../support/emulator.ts';

const MAIN = fileURLToPath(new URL('../../src/emulator/main.ts', import.meta.url));

type Client = ReturnType<typeof clientOf>;
type Running = Readonly<{ child: ChildProcess; client: Client }>;

let azurite: RunningAzurite;
let container: string;
let dataDir: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  const client = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('hsm');
  await client.create();
  container = client.url;
});
afterAll(() => azurite?.stop());

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'hsmkeep-process-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await end(child, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

/** Runs the command; its output is in the result once it has ended. */
function launch(...args: string[]) {
  const child = spawn(process.execPath, ['--experimental-strip-types', '--no-warnings', MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  return { child, output, ended };
}

async function start(...more: string[]): Promise<Running> {
  const readyFile = join(dataDir, 'ready.json');
  rmSync(readyFile, { force: true });
  const { child, output } = launch(
    ...['--data', dataDir, '--hsm', 'h1:emea', '--vault', 'v1', '--storage', azurite.connectionString, '--ready-file', readyFile],
    ...more,
  );
  while (!output.stdout.endsWith('ready\n')) {
    if (child.exitCode !== null) throw new Error(output.stderr);
    await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), once(child, 'close')]);
  }
  return { child, client: clientOf(JSON.parse(readFileSync(readyFile, 'utf8'))) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const closed = once(child, 'close');
  child.kill(signal);
  return (await closed)[0];
}

const hsmUrl = ({ ready }: Client, path: string) => `${ready.hsms['h1']}${path}?api-version=7.6`;

describe('hsmkeep emulator', () => {
  test('writes the ready file for its owner alone, and stops cleanly on SIGTERM and SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { child, client } = await start();
      expect(statSync(join(dataDir, 'ready.json')).mode & 0o777).toBe(0o600);
      expect(Object.keys(client.ready).toSorted()).toEqual([
        'armUrl',
        'authorityUrl',
        'caFile',
        'clients',
        'controlUrl',
        'hsms',
        'tenantId',
        'tokenHeader',
        'tokenUrl',
        'users',
        'vaults',
      ]);
      expect((await client.send(hsmUrl(client, '/settings'))).status).toBe(200);
      expect(await end(child, signal)).toBe(0);
    }
  });

  test('loses nothing on SIGKILL: state, identities, tokens, ports and clock are those of before', async () => {
    const first = await start('--time-scale', '0');
    const assignment = `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    const token = await first.client.token('https://managedhsm.azure.net');
    const moved = await first.client.control.moveClock({ advanceMs: 3_600_000 });
    const body = { properties: { roleDefinitionId: '7b127d3c-77bd-4e3e-bbe0-dbb8971fa7f8', principalId: randomUUID() } };
    expect((await first.client.send(hsmUrl(first.client, assignment), { method: 'PUT', body })).status).toBe(201);
    await end(first.child, 'SIGKILL');

    const { client } = await start('--time-scale', '0');
    const { users: _, ...ready } = client.ready;
    expect(first.client.ready).toMatchObject(ready);
    expect(client.ca).toBe(first.client.ca);
    expect((await client.send(hsmUrl(client, assignment), { token })).status).toBe(200);
    expect((await client.control.moveClock({ advanceMs: 0 })).offsetMs).toBeGreaterThanOrEqual(moved.offsetMs - 1);
  });

  test('carries a job through SIGKILL', async () => {
    const first = await start();
    const body = { storageResourceUri: container, useManagedIdentity: true };
    const started = await first.client.send(hsmUrl(first.client, '/backup'), { method: 'POST', body });
    await end(first.child, 'SIGKILL');

    const { client } = await start();
    const poll = () => client.send(String(started.headers['azure-asyncoperation']));
    expect((await poll()).body).toMatchObject({ status: 'InProgress', startTime: started.body.startTime });
    await client.control.moveClock({ advanceMs: 8000 });
    const { status, azureStorageBlobContainerUri } = (await poll()).body;
    expect(status).toBe('Succeeded');

    const folder = azureStorageBlobContainerUri.split('/').at(-1);
    const sasTokenParameters = { storageResourceUri: container, useManagedIdentity: true };
    const check = await client.send(hsmUrl(client, '/prerestore'), {
      method: 'PUT',
      body: { sasTokenParameters, folderToRestore: folder },
    });
    await client.control.moveClock({ advanceMs: 500 });
    expect((await client.send(String(check.headers['azure-asyncoperation']))).body.status).toBe('Succeeded');
  });

  test('says that another emulator uses the folder, and which process it is', async () => {
    const { child } = await start();
    const { code, stderr } = await launch('--data', dataDir, '--hsm', 'h1').ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`is in use by another emulator (process ${child.pid})`);
  });

  test('says that its control port is taken, and writes no ready file', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const readyFile = join(dataDir, 'ready.json');
    const { code, stderr } = await launch('--data', dataDir, '--hsm', 'h1', '--port', String(port), '--ready-file', readyFile).ended;
    server.close();
    expect([code, stderr]).toEqual([1, expect.stringContaining(`Port ${port} (control) is taken`)]);
    expect(existsSync(readyFile)).toBe(false);
  });

  test.each([
    [['--hsm', 'h1'], 2, /--data/],
    [['--data', 'x', '--port', '70000'], 2, /whole number/],
    [['--data', 'x', '--event-schema', 'other'], 2, /eventgrid/],
    [['--data', 'x'], 1, /nothing to emulate/],
    [['--data', 'x', '--hsm', 'bad_name'], 1, /bad_name/],
    [['--data', 'x', '--hsm', 'h1', '--hsm', 'H1:emea'], 1, /used twice/],
    [['--data', 'x', '--hsm', 'h1', '--storage', 'nonsense'], 1, /connection string/],
  ])('used as %j ends with %i and says why', async (args, code, message) => {
    const result = await launch(...args).ended;
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(message);
  });

  test('--help shows examples', async () => {
    const { code, stdout } = await launch('--help').ended;
    expect(code).toBe(0);
    expect(stdout).toContain('Examples:');
  });
});

describe('startEmulator', () => {
  test('keeps the ports that it is given by name', async () => {
    const first = await startEmulator({ dataDir, hsms: [{ name: 'h1' }], vaults: ['v1'] });
    const port = (url: string | undefined) => Number(new URL(url ?? '').port);
    const ports = {
      control: port(first.ready.controlUrl),
      authority: port(first.ready.authorityUrl),
      h1: port(first.ready.hsms['h1']),
      v1: port(first.ready.vaults['v1']),
    };
    await first.stop();

    const fresh = join(dataDir, 'fresh');
    const second = await startEmulator({ dataDir: fresh, hsms: [{ name: 'h1' }], vaults: ['v1'], ports });
    await second.stop();
    const { controlUrl, authorityUrl, hsms, vaults } = first.ready;
    expect(second.ready).toMatchObject({ controlUrl, authorityUrl, hsms, vaults });
  });

  test('leaves nothing behind when it cannot start', async () => {
    const first = await startEmulator({ dataDir, hsms: [{ name: 'h1' }] });
    const taken = Number(new URL(first.ready.hsms['h1'] ?? '').port);
    const other = join(dataDir, 'other');
    await expect(startEmulator({ dataDir: other, hsms: [{ name: 'h1' }], ports: { h1: taken } })).rejects.toThrow(/taken/);
    await first.stop();
    await (await startEmulator({ dataDir: other, hsms: [{ name: 'h1' }] })).stop();
  });
});
