import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupRecord } from '../../src/domain/record.ts';
import { bundle } from '../../src/package/bundle.ts';
import { hostJson } from '../../src/package/host-json.ts';
import type { MadePackage } from '../../src/package/package.ts';
import { startAppStack } from '../support/app-stack.ts';
import { packageInto, ROOT } from '../support/bundle.ts';

let folder: string;
let made: MadePackage;
let unpacked: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hsmkeep-package-'));
  made = await packageInto(join(folder, 'out'));
  unpacked = join(folder, 'unpacked');
  for (const [path, content] of unzip(readFileSync(made.zip))) {
    mkdirSync(join(unpacked, path, '..'), { recursive: true });
    writeFileSync(join(unpacked, path), content);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The files of a zip by its central directory. @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
function unzip(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from('PK\u0005\u0006'));
  const files = new Map<string, Buffer>();
  let entry = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((at) => archive.readUInt16LE(entry + at)) as [number, number, number];
    const name = archive.toString('utf8', entry + 46, entry + 46 + nameBytes);
    const local = archive.readUInt32LE(entry + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    files.set(name, inflateRawSync(archive.subarray(start, start + archive.readUInt32LE(entry + 20))));
    entry += 46 + nameBytes + extraBytes + commentBytes;
  }
  return files;
}

/** The command as people type it, without the build before it. */
function run(...args: readonly string[]): { code: number; stderr: string } {
  try {
    execFileSync(process.execPath, [join(ROOT, 'dist/package/main.js'), ...args], { stdio: 'pipe' });
    return { code: 0, stderr: '' };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: Buffer };
    return { code: status, stderr: stderr.toString() };
  }
}

describe('the package', () => {
  test('unpacked in an empty folder it is what the host runs: a night ends with a hashed backup', { timeout: 120_000 }, async () => {
    const stack = await startAppStack({ app: unpacked });
    try {
      const run = await stack.runEnd(await stack.backupNow('contoso-hsm'));
      expect(run).toMatchObject({ status: 'Completed' });
      const [backup = ''] = await stack.folders('contoso-hsm');
      const record = await stack.document<BackupRecord>(stack.container('contoso-hsm'), `hsmkeep/contoso-hsm/${backup}.json`);
      expect(record?.proofs.map(({ level }) => level)).toContain('L1');
    } finally {
      await stack.stop();
    }
  });

  test('is made of the same bytes each time, whatever the time zone', async () => {
    const again = await packageInto(join(folder, 'again'), { TZ: 'Pacific/Auckland' });
    expect(again.sha256).toBe(made.sha256);
    expect(readFileSync(again.sbom)).toEqual(readFileSync(made.sbom));
  });

  test('comes with its SHA-256 and holds under 1 MB', () => {
    const archive = readFileSync(made.zip);
    const sha256 = createHash('sha256').update(archive).digest('hex');
    expect(readFileSync(`${made.zip}.sha256`, 'utf8')).toBe(`${sha256}  hsmkeep.zip\n`);
    expect(archive.length).toBeLessThan(1_000_000);
  });

  test('holds nothing but the app: no sources, no tests, no node_modules, nothing of the laptop', () => {
    const files = readdirSync(unpacked, { recursive: true }).map(String);
    expect(files.filter((file) => !/^[\w-]+\.js$/.test(file)).sort()).toEqual(['LICENSES.txt', 'host.json', 'package.json']);
    const code = files.filter((file) => file.endsWith('.js')).map((file) => readFileSync(join(unpacked, file), 'utf8'));
    const traces = ['azurite', 'node:sqlite', ROOT].filter((trace) => code.some((text) => text.includes(trace)));
    expect(traces).toEqual([]);
  });

  test('has a bill of materials of what it holds, and the licence of each', () => {
    const bill = JSON.parse(readFileSync(made.sbom, 'utf8'));
    const names = bill.components.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['durable-functions', '@azure/storage-blob', 'zod']));
    // Installed, and no part of what is deployed.
    for (const name of ['azurite', 'vitest', 'rolldown', 'commander']) expect(names).not.toContain(name);
    expect(bill.metadata.component).toMatchObject({ name: 'hsmkeep', hashes: [{ alg: 'SHA-256', content: made.sha256 }] });
    expect(bill.components.length).toBe(made.components);
    const licenses = readFileSync(join(unpacked, 'LICENSES.txt'), 'utf8');
    for (const { name, version } of bill.components) expect(licenses).toContain(`${name} ${version}\n`);
  });
});

describe('bundle', () => {
  /** A project in which two clients stand behind `#keyvault-admin`, as behind ours. */
  function project(more: Readonly<Record<string, string>> = {}): string {
    const root = mkdtempSync(join(folder, 'project-'));
    const imports = { '#keyvault-admin': { official: '@azure/keyvault-admin', default: { 'hsmkeep-source': './own.js' } } };
    const files: Readonly<Record<string, string>> = {
      'package.json': JSON.stringify({ type: 'module', imports }),
      'own.js': "export const client = 'own client';",
      'node_modules/@azure/keyvault-admin/package.json': '{"name": "@azure/keyvault-admin", "version": "4.7.0", "main": "index.js"}',
      'node_modules/@azure/keyvault-admin/index.js': "module.exports = { client: 'official client' };",
      'main.js': "import { client } from '#keyvault-admin'; console.log(client);",
      ...more,
    };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    return root;
  }
  const codeOf = (files: readonly { content: Buffer }[]) => files.map(({ content }) => content.toString()).join('');

  test('holds the administration client that was asked for, and names its package', async () => {
    const root = project();
    const own = await bundle({ root, entry: 'main.js' });
    expect([codeOf(own.files), own.packages]).toEqual([expect.stringContaining('own client'), []]);
    const official = await bundle({ root, entry: 'main.js', admin: 'official' });
    expect([codeOf(official.files), official.packages]).toMatchObject([
      expect.stringContaining('official client'),
      [{ name: '@azure/keyvault-admin', version: '4.7.0' }],
    ]);
  });

  test('is not made when something that it imports is not there', async () => {
    const root = project({ 'main.js': "import 'a-package-that-nobody-installed';" });
    await expect(bundle({ root, entry: 'main.js' })).rejects.toThrow(/would lack what it imports:\n.*a-package-that-nobody-installed/s);
  });
});

describe('hostJson', () => {
  const own = readFileSync(join(ROOT, 'host.json'), 'utf8');

  test('is the project’s own for Azure Storage', () => {
    expect(hostJson(own, 'azure-storage')).toBe(own);
  });

  test('names the settings of the scheduler, keeps the rest, and never traces inputs', () => {
    const { extensions, ...rest } = JSON.parse(hostJson(own, 'durable-task-scheduler'));
    expect(extensions.durableTask).toMatchObject({
      hubName: '%TASKHUB_NAME%',
      storageProvider: { type: 'azureManaged', connectionStringName: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING' },
      maxConcurrentActivityFunctions: 10,
      tracing: { traceInputsAndOutputs: false },
    });
    expect(rest).toEqual({ ...JSON.parse(own), extensions: undefined });
  });
});

describe('npm run package', () => {
  test('says how to get the official client when it is not there', () => {
    const { code, stderr } = run('--admin=official', '--out', join(folder, 'official'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('@azure/keyvault-admin, is not installed')]);
    expect(stderr).toContain('npm install --no-save @azure/keyvault-admin@4');
  });

  test.each([['--admin=theirs'], ['--out', ROOT], ['--out', join(ROOT, '..')], ['--unknown']])('refuses %s %s', (...args) => {
    expect(run(...args).code).toBe(2);
  });
});
