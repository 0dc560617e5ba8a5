import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { hsmOf, restoresTaken, takeBackup } from '../support/restores.ts';
import { argumentsOf, az, commandsIn, jsonIn, quotedIn, readmeSection, stepsOf } from '../support/runbook.ts';

const HSM = 'contoso-hsm';
const NEW = 'contoso-new';
const CLI = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

let stack: AppStack;
let folder: string;
beforeAll(async () => {
  stack = await startAppStack({ hsms: [HSM, NEW], copyDays: 1 });
  folder = mkdtempSync(join(tmpdir(), 'hsmkeep-direct-'));
});
afterAll(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});
let stranger: Awaited<ReturnType<AppStack['emulator']['control']['principal']>>;
beforeEach(() => mayDo(['Restore User', 'Backup User', 'Crypto Auditor']));
afterEach(() => stack.emulator.control.clearFaults());

type Ended = Readonly<{ code: number; stdout: string; stderr: string }>;

/** The command line as a stranger types it, on a machine where nothing of hsmkeep runs, in a folder with `hsmkeep.json`. */
function hsmkeep(...args: readonly string[]): Promise<Ended> {
  const { ready } = stack.emulator;
  const env = {
    ...process.env,
    NODE_EXTRA_CA_CERTS: ready.caFile,
    IDENTITY_ENDPOINT: ready.tokenUrl,
    IDENTITY_HEADER: ready.tokenHeader,
    AZURE_CLIENT_ID: stranger.clientId,
    HSMKEEP_STORAGE: stack.azurite.connectionString,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], { env, cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

const writeConfig = (text: string): void => writeFileSync(join(folder, 'hsmkeep.json'), text);
/** What a stranger may do: exactly this, and never as an administrator. */
const mayDo = async (roles: readonly string[]): Promise<void> => {
  stranger = await stack.emulator.control.principal({ name: 'stranger', roles: roles.map((role) => ({ hsm: '*', scope: '/', role })) });
};

async function planned(...options: readonly string[]) {
  const { code, stdout, stderr } = await hsmkeep('restore', 'plan', HSM, '--direct', '--config', 'hsmkeep.json', '--json', ...options);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as { id: string; hash: string; folder: string; diff: { keys: { vanish: string[] } }; preflights: object[] };
}
const execute = (plan: { id: string; hash: string }, ...options: readonly string[]) =>
  hsmkeep('restore', 'execute', plan.id, '--hash', plan.hash.slice(0, 16), '--direct', '--config', 'hsmkeep.json', ...options);

describe('without hsmkeep', { timeout: 120_000 }, () => {
  test('on the worst day, the runbook of the README fills a new HSM from the container of the backups alone', async () => {
    const steps = stepsOf(readmeSection('When hsmkeep itself is gone'));
    const { ready } = stack.emulator;
    const version = await hsmOf(stack).createKey('payments');
    const secret = await hsmOf(stack).encrypt('payments', version, 'before the worst day');
    const { objectId: colleague } = await stack.emulator.control.principal({ name: 'colleague', roles: [] });
    await takeBackup(stack);
    await stack.killHost();
    await stack.documents.delete();
    await mayDo([]);

    // 1. The new HSM has the security domain of the lost one, and its own identity reads the container.
    expect(commandsIn(steps[0] ?? '', 'az')).toEqual(['az keyvault security-domain upload']);
    // 2. The rights; the HSM is not empty yet: a colleague has been faster, and will lose the role.
    const [grant = ''] = commandsIn(steps[1] ?? '', 'az');
    const roles = [...new Set(quotedIn(steps[1] ?? ''))];
    expect(roles).toEqual(['Managed HSM Restore User', 'Managed HSM Crypto Auditor', 'Managed HSM Backup User']);
    const grantTo = (role: string, who: string) =>
      az(stack, grant.replace('NEW', NEW).replace('Managed HSM Restore User', role).replace('YOU', who));
    for (const role of roles) await grantTo(role, stranger.objectId);
    await grantTo('Managed HSM Crypto Auditor', colleague);
    // 3. The configuration, with the addresses of this machine; that of the lost HSM leads nowhere.
    writeConfig(
      jsonIn(steps[2] ?? '')
        .replace('https://contoso-hsm.managedhsm.azure.net', 'https://127.0.0.1:9')
        .replace('https://contoso-new.managedhsm.azure.net', String(ready.hsms[NEW]))
        .replace('https://contosobackup.blob.core.windows.net/hsm"', `${stack.container(HSM).url}"`)
        .replace('https://contosobackup.blob.core.windows.net/hsm-new', stack.container(NEW).url),
    );
    // 4. The plan.
    const [plan = ''] = commandsIn(steps[3] ?? '', 'npx');
    const page = await hsmkeep(...argumentsOf(plan).slice(2));
    expect(page.stdout, page.stderr).toContain(`  + key versions: payments/${version}`);
    expect(page.stdout).toContain('Whether hsmkeep works on contoso-new now could not be looked at.');
    // 5. The command that it ends with is the one of the runbook.
    const [typed = ''] = commandsIn(steps[4] ?? '', 'npx');
    const [, command = ''] = /Break glass: {2}(hsmkeep .*)/.exec(page.stdout) ?? [];
    const [, id = '', hash = ''] = /execute (\S+) --hash (\S+)/.exec(command) ?? [];
    expect(`npx ${command}`).toBe(typed.replace('RESTORE', id).replace('HASH', hash));
    const done = await hsmkeep(...argumentsOf(command.replace('…', 'the region is gone')).slice(1));
    expect(done.code, done.stderr).toBe(0);
    expect(done.stderr).toContain('without approval');
    expect(done.stderr).toContain('make sure that no run of it goes on');
    expect(done.stderr).toContain(`${NEW} is empty: nothing to back up`);
    expect(await hsmOf(stack, NEW).decrypt('payments', version, secret)).toBe('before the worst day');
    // 6. What is named as missing, an administrator gives again with the commands beside it.
    const missing = [...done.stderr.matchAll(/az keyvault role assignment create .*/g)].map(([line]) => line);
    expect(missing).toContainEqual(expect.stringContaining(colleague));
    for (const line of missing) await az(stack, line);
    const holders = (await hsmOf(stack, NEW).assignments()).map(({ principalId }) => principalId);
    expect(holders).toEqual(expect.arrayContaining([colleague, stranger.objectId]));

    const kept: string[] = [];
    for await (const { name } of stack.container(HSM).listBlobsFlat({ prefix: `hsmkeep/${HSM}/break-glass/` })) kept.push(name);
    const glass = kept.find((name) => name.endsWith('.break-glass.json')) ?? '';
    expect(await stack.document(stack.container(HSM), glass)).toMatchObject({ by: stranger.objectId, reason: 'the region is gone' });
    const all = [HSM, NEW].map((name) => ({ name, url: ready.hsms[name], backupTo: { container: stack.container(name).url } }));
    writeConfig(JSON.stringify({ hsms: all }));
  });

  test('stops while a run of the app works on the HSM; despite it, what the HSM holds is backed up before it is replaced, once', async () => {
    await hsmOf(stack).createKey('newcomer');
    await stack.documents.createIfNotExists();
    const owner = 'backup-contoso-hsm-20261122T0200Z';
    const lock = JSON.stringify({
      schema: 'hsmkeep.lock/1',
      hsm: HSM,
      owner,
      since: '2026-11-22T02:00:00.000Z',
      step: 'backup',
      job: null,
    });
    await stack.documents.getBlockBlobClient(`locks/${HSM}.json`).upload(lock, lock.length);
    const plan = await planned();
    expect(plan.preflights).toContainEqual(expect.objectContaining({ message: `${owner} works on ${HSM} now (backup).` }));
    expect(plan.diff.keys.vanish).toEqual([expect.stringMatching(/^newcomer\//)]);
    const before = await restoresTaken(stack);
    const stopped = await execute(plan, '--reason', 'drill');
    expect({ code: stopped.code, restores: await restoresTaken(stack) }).toEqual({ code: 1, restores: before });
    expect(stopped.stderr).toContain(`${owner} of hsmkeep works on ${HSM} now (backup); nothing was begun.`);

    const done = await execute(plan, '--reason', 'drill', '--json', '--despite-lock');
    expect(done.code, done.stderr).toBe(0);
    expect(await stack.folders(HSM)).toContain(JSON.parse(done.stdout).safetyBackup);
    expect(await hsmOf(stack).keys()).not.toContain('newcomer');
    await stack.documents.getBlobClient(`locks/${HSM}.json`).delete();

    // A command that is run again restores nothing again.
    expect((await execute(plan, '--reason', 'drill')).code).toBe(0);
    expect(await restoresTaken(stack)).toBe(before + 1);
  });

  test('nothing is done without a reason, with another hash, or when more would be destroyed than was shown', async () => {
    const plan = await planned();
    const before = await restoresTaken(stack);
    expect((await execute(plan)).code).toBe(2);
    expect((await execute({ ...plan, hash: 'f'.repeat(64) }, '--reason', 'x')).code).toBe(1);
    // What the HSM declined was not begun: it is looked at anew.
    const body = { error: { code: 'BadRequest', message: 'It would not.', innererror: null } };
    await stack.emulator.control.fault({
      match: { host: HSM, method: 'PUT', path: '/restore' },
      times: 1,
      action: 'answer',
      status: 400,
      body,
    });
    expect((await execute(plan, '--reason', 'x', '--no-safety-backup')).stderr).toContain('It would not.');
    await hsmOf(stack).createKey('unforeseen');
    expect((await execute(plan, '--reason', 'x')).stderr).toContain('The plan changed');
    expect(await restoresTaken(stack)).toBe(before);
  });

  test('an answer that was lost is looked into, not asked for again', async () => {
    const plan = await planned();
    const before = await restoresTaken(stack);
    await stack.emulator.control.fault({ match: { host: HSM, method: 'PUT', path: '/prerestore' }, times: 1, action: 'dropBefore' });
    await stack.emulator.control.fault({ match: { host: HSM, method: 'PUT', path: '/restore' }, times: 1, action: 'dropAfter' });
    const lastBefore = (await stack.emulator.control.requests()).at(-1)?.id ?? 0;
    const done = await execute(plan, '--reason', 'x');
    expect(done.stderr).toContain('finding out what came of it');
    expect(done.code, done.stderr).toBe(0);
    expect(await restoresTaken(stack)).toBeLessThanOrEqual(before + 1);
    expect(await hsmOf(stack).keys()).not.toContain('unforeseen');
    // A check is asked for until it is answered: nothing is restored without one.
    const changes = (await stack.emulator.control.requests()).filter(
      ({ id, host, method }) => id > lastBefore && host === HSM && method === 'PUT',
    );
    const checked = changes.findIndex(({ path, status }) => path === '/prerestore' && status === 202);
    expect(checked, JSON.stringify(changes)).toBeGreaterThan(0);
    expect(checked).toBeLessThan(changes.findIndex(({ path }) => path === '/restore'));
  });

  test('from the second copy alone, when the container of the backups is gone too', async () => {
    await stack.container(HSM).delete();
    const { ready } = stack.emulator;
    const immutableCopy = { container: stack.copies(HSM).url, days: 1 };
    const lost = { name: HSM, url: 'https://127.0.0.1:9', backupTo: { container: stack.container(HSM).url }, immutableCopy };
    const fresh = { name: NEW, url: ready.hsms[NEW], backupTo: { container: stack.container(NEW).url } };
    writeConfig(JSON.stringify({ hsms: [lost, fresh] }));
    const copy = ['--from', 'immutableCopy', '--target', NEW] as const;

    expect((await hsmkeep('restore', 'plan', HSM, '--direct', '--config', 'hsmkeep.json')).stderr).toMatch(/^error: .*backups-contoso-hsm/);
    const misused = await hsmkeep('restore', 'plan', HSM, '--direct', '--config', 'hsmkeep.json', '--landing', immutableCopy.container);
    expect({ code: misused.code, stderr: misused.stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--from immutableCopy') });

    // Beside the copies, unless another container is named; and without a word the plan is found again.
    const [beside, named] = [`${stack.copies(HSM).url}-break-glass`, `${stack.azurite.blobEndpoint}/rescue`];
    for (const [home, ...where] of [[beside], [named, '--landing', named]] as const) {
      const version = await hsmOf(stack, NEW).createKey('unforeseen');
      const plan = await planned(...copy, ...where);
      expect(plan.diff.keys.vanish).toEqual([`unforeseen/${version}`]);
      const done = await execute(plan, '--reason', 'nothing else is left', ...where, '--no-safety-backup');
      expect(done.code, done.stderr).toBe(0);
      expect(await hsmOf(stack, NEW).keys()).toEqual(['payments']);

      const containers: string[] = [];
      for await (const { name } of stack.service.listContainers()) containers.push(name);
      expect(containers.filter((name) => name.includes('-landing-'))).toEqual([]);
      const kept = stack.service.getContainerClient(home.slice(home.lastIndexOf('/') + 1));
      expect(await stack.document(kept, `hsmkeep/${HSM}/break-glass/plans/${plan.id}.break-glass.json`)).toMatchObject({
        by: stranger.objectId,
        reason: 'nothing else is left',
      });
    }
  });
});
