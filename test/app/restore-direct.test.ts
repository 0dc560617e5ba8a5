import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { hsmOf, restoresTaken, takeBackup } from '../support/restores.ts';

const HSM = 'contoso-hsm';
const NEW = 'contoso-new';
const CLI = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

let stack: AppStack;
let folder: string;
beforeAll(async () => {
  stack = await startAppStack({ hsms: [HSM, NEW] });
  folder = mkdtempSync(join(tmpdir(), 'hsmkeep-direct-'));
});
afterAll(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});
let administrator: Awaited<ReturnType<AppStack['emulator']['control']['principal']>>;
beforeEach(async () => {
  const roles = ['Restore User', 'Backup User', 'Crypto Auditor'].map((role) => ({ hsm: '*', scope: '/', role }));
  administrator = await stack.emulator.control.principal({ name: 'administrator', roles });
});
afterEach(() => stack.emulator.control.clearFaults());

type Ended = Readonly<{ code: number; stdout: string; stderr: string }>;

/** The command line as a stranger types it, on a machine where nothing of hsmkeep runs. */
function hsmkeep(...args: readonly string[]): Promise<Ended> {
  const { ready } = stack.emulator;
  const hsms = [HSM, NEW].map((name) => ({ name, url: ready.hsms[name], backupTo: { container: stack.container(name).url } }));
  const config = join(folder, 'hsmkeep.json');
  writeFileSync(config, JSON.stringify({ hsms }));
  const env = {
    ...process.env,
    NODE_EXTRA_CA_CERTS: ready.caFile,
    IDENTITY_ENDPOINT: ready.tokenUrl,
    IDENTITY_HEADER: ready.tokenHeader,
    AZURE_CLIENT_ID: administrator.clientId,
    HSMKEEP_CONFIG: config,
    HSMKEEP_STORAGE: stack.azurite.connectionString,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], { env, cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

async function planned(...options: readonly string[]) {
  const { code, stdout, stderr } = await hsmkeep('restore', 'plan', HSM, '--direct', '--json', ...options);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as { id: string; hash: string; folder: string; diff: { keys: { vanish: string[] } } };
}
const execute = (plan: { id: string; hash: string }, ...options: readonly string[]) =>
  hsmkeep('restore', 'execute', plan.id, '--hash', plan.hash.slice(0, 16), '--direct', ...options);

describe('without hsmkeep', { timeout: 120_000 }, () => {
  test('on the worst day, a new HSM is filled from the container of the backups alone', async () => {
    const version = await hsmOf(stack).createKey('payments');
    const secret = await hsmOf(stack).encrypt('payments', version, 'before the worst day');
    await takeBackup(stack);
    await stack.killHost();
    await stack.documents.delete();

    const page = await hsmkeep('restore', 'plan', HSM, '--target', NEW, '--direct');
    expect(page.stdout, page.stderr).toContain(`  + key versions: payments/${version}`);
    const [, command = ''] = /Break glass: {2}hsmkeep (.*) --reason/.exec(page.stdout) ?? [];
    const done = await hsmkeep(...command.split(' '), '--reason', 'the region is gone');
    expect(done.code, done.stderr).toBe(0);
    expect(done.stderr).toContain('without approval');
    expect(done.stderr).toContain(`${NEW} is empty: nothing to back up`);
    expect(await hsmOf(stack, NEW).decrypt('payments', version, secret)).toBe('before the worst day');

    const kept: string[] = [];
    for await (const { name } of stack.container(HSM).listBlobsFlat({ prefix: `hsmkeep/${HSM}/break-glass/` })) kept.push(name);
    const glass = kept.find((name) => name.endsWith('.break-glass.json')) ?? '';
    expect(await stack.document(stack.container(HSM), glass)).toMatchObject({ by: administrator.objectId, reason: 'the region is gone' });
  });

  test('what an HSM holds is backed up before it is replaced, and a command that is run again restores nothing again', async () => {
    await hsmOf(stack).createKey('newcomer');
    const plan = await planned();
    expect(plan.diff.keys.vanish).toEqual([expect.stringMatching(/^newcomer\//)]);
    const before = await restoresTaken(stack);

    const done = await execute(plan, '--reason', 'drill', '--json');
    expect(done.code, done.stderr).toBe(0);
    expect(await stack.folders(HSM)).toContain(JSON.parse(done.stdout).safetyBackup);
    expect(await hsmOf(stack).keys()).not.toContain('newcomer');

    expect((await execute(plan, '--reason', 'drill')).code).toBe(0);
    expect(await restoresTaken(stack)).toBe(before + 1);
  });

  test('nothing is done without a reason, with another hash, or when more would be destroyed than was shown', async () => {
    const plan = await planned();
    const before = await restoresTaken(stack);
    expect((await execute(plan)).code).toBe(2);
    expect((await execute({ ...plan, hash: 'f'.repeat(64) }, '--reason', 'x')).code).toBe(1);
    await hsmOf(stack).createKey('unforeseen');
    expect((await execute(plan, '--reason', 'x')).stderr).toContain('The plan changed');
    expect(await restoresTaken(stack)).toBe(before);
  });

  test('an answer that was lost is looked into, not asked for again', async () => {
    const plan = await planned();
    const before = await restoresTaken(stack);
    await stack.emulator.control.fault({ match: { host: HSM, method: 'PUT', path: '/restore' }, times: 1, action: 'dropAfter' });
    const done = await execute(plan, '--reason', 'x');
    expect(done.stderr).toContain('finding out what came of it');
    expect(done.code, done.stderr).toBe(0);
    expect(await restoresTaken(stack)).toBeLessThanOrEqual(before + 1);
    expect(await hsmOf(stack).keys()).not.toContain('unforeseen');
  });
});
