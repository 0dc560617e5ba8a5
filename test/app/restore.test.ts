import { ContainerSASPermissions } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BackupRecord } from '../../src/domain/record.ts';
import type { RestoreView } from '../../src/domain/restore/view.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { flipByte } from '../support/drills.ts';
import { decide, execute, grantRestoreDuty, hsmOf, planRestore, restoreNow, takeBackup } from '../support/restores.ts';
import { az } from '../support/runbook.ts';

const HSM = 'contoso-hsm';
const SPARE = 'contoso-spare';

let stack: AppStack;
let stopHurrying: () => Promise<void>;
beforeAll(async () => {
  stack = await startAppStack({ hsms: [HSM, SPARE], copyDays: 90 });
});
afterAll(() => stack?.stop());
beforeEach(async () => {
  await grantRestoreDuty(stack);
  stopHurrying = stack.hurry(2_000);
});
afterEach(() => stopHurrying());

const purge = async (name: string): Promise<void> => {
  await hsmOf(stack).deleteKey(name);
  await hsmOf(stack).purgeKey(name);
};
const crypto = (name: string) => stack.emulator.control.principal({ name, roles: [{ hsm: HSM, scope: '/keys', role: 'Crypto User' }] });

describe('a full restore', { timeout: 120_000 }, () => {
  test('brings back what was there, takes away what came after, and names the roles that are gone', async () => {
    const hsm = hsmOf(stack);
    const version = await hsm.createKey('payments');
    const secret = await hsm.encrypt('payments', version, 'before');
    const folder = await takeBackup(stack);
    await purge('payments');
    await hsm.createKey('newcomer');
    const { objectId } = await crypto('latecomer');

    const { plan, run } = await restoreNow(stack);
    expect(plan.folder).toBe(folder);
    expect(plan.diff).toMatchObject({
      keys: { vanish: [expect.stringMatching(/^newcomer\//)], comeBack: [`payments/${version}`] },
      roleAssignments: { vanish: [`Managed HSM Crypto User for ${objectId} at /keys`], comeBack: [] },
    });
    expect(run.status, JSON.stringify(run.steps, null, 1)).toBe('Degraded');
    expect(run.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'Approval Completed',
      'Safety backup Completed',
      'Lock Completed',
      'Plan again Completed',
      'Pre-restore check Completed',
      'Start Completed',
      'Restore Completed',
      'Compare Completed',
      'Role assignments Degraded',
    ]);
    expect(await hsm.keys()).toEqual(['payments']);
    expect(await hsm.decrypt('payments', version, secret)).toBe('before');
    expect((await hsm.assignments()).map(({ principalId }) => principalId)).not.toContain(objectId);
    expect(run.steps.at(-1)?.hint).toContain(
      `az keyvault role assignment create --hsm-name ${HSM} --role "Managed HSM Crypto User" --scope /keys --assignee-object-id ${objectId}`,
    );

    const safety = String(run.result?.['safetyBackup']);
    const record = await stack.document<BackupRecord>(stack.container(HSM), `hsmkeep/${HSM}/${safety}.json`);
    expect(record).toMatchObject({ status: 'complete', holds: [{ by: plan.id }] });
    const shown = (await stack.api(`/restores/${plan.id}`)).body as RestoreView;
    expect(shown).toMatchObject({ state: 'done', runId: plan.id, decision: { by: expect.stringContaining('bob') } });

    // The command that is named, as it stands there.
    const [command = ''] = /az keyvault role assignment create .*/.exec(run.steps.at(-1)?.hint ?? '') ?? [];
    expect(shown.outcome?.lostAssignments).toMatchObject([{ command }]);
    await az(stack, command);
    const again = (await planRestore(stack, { selector: { folder: safety } })).body as RestoreView;
    expect(again.diff.roleAssignments).toEqual({ vanish: [], comeBack: [], change: [] });
  });

  test('goes back to the newest backup at or before an instant, or to the one that holds a version of a key', async () => {
    const hsm = hsmOf(stack);
    const version = await hsm.createKey('ledger');
    const secret = await hsm.encrypt('ledger', version, 'of that time');
    const wanted = await takeBackup(stack);
    await purge('ledger');
    const newer = await takeBackup(stack);

    const { plan } = { plan: (await planRestore(stack)).body as RestoreView };
    expect(plan.folder).toBe(newer);
    const before = new Date(Date.parse(plan.takenAt) - 1).toISOString();
    expect((await planRestore(stack, { selector: { key: 'ledger', version } })).body.folder).toBe(wanted);

    const { run } = await restoreNow(stack, { selector: { at: before } });
    expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
    expect(run.result).toMatchObject({ folder: wanted });
    expect(await hsm.decrypt('ledger', version, secret)).toBe('of that time');
  });

  test('fills a new HSM of the same security domain, and leaves the other alone', async () => {
    const [hsm, spare] = [hsmOf(stack), hsmOf(stack, SPARE)];
    const version = await hsm.createKey('moved');
    const secret = await hsm.encrypt('moved', version, 'elsewhere');
    await takeBackup(stack);
    await hsm.createKey('stays');

    const { plan, run } = await restoreNow(stack, { target: SPARE });
    expect(plan).toMatchObject({ source: HSM, target: SPARE });
    expect(run.subject).toBe(SPARE);
    expect(['Completed', 'Degraded'], JSON.stringify(run.steps)).toContain(run.status);
    expect(await spare.decrypt('moved', version, secret)).toBe('elsewhere');
    expect(await hsm.keys()).toContain('stays');
    expect(await stack.folders(SPARE)).toEqual([run.result?.['safetyBackup']]);
  });
});

describe('a restore of one key', { timeout: 120_000 }, () => {
  test('brings it back with all its versions, and touches nothing else', async () => {
    const hsm = hsmOf(stack);
    const first = await hsm.createKey('signing');
    const secret = await hsm.encrypt('signing', first, 'of the first version');
    await hsm.createKey('signing');
    await takeBackup(stack);
    await purge('signing');
    await hsm.createKey('bystander');
    const { objectId } = await crypto('bystander-user');

    const { plan, run } = await restoreNow(stack, { scope: { key: 'signing' } });
    expect(plan.diff.keys).toMatchObject({ vanish: [], change: [], comeBack: [expect.any(String), expect.any(String)] });
    expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
    expect(run.steps.find(({ name }) => name === 'Restore')?.message).toContain('restored: 2');
    expect(await hsm.decrypt('signing', first, secret)).toBe('of the first version');
    expect(await hsm.keys()).toContain('bystander');
    expect((await hsm.assignments()).map(({ principalId }) => principalId)).toContain(objectId);
  });

  test('that is there, deleted, or not in the backup is refused in the plan, with the way to go', async () => {
    const hsm = hsmOf(stack);
    await hsm.createKey('present');
    await hsm.createKey('binned');
    await takeBackup(stack);
    await hsm.deleteKey('binned');
    const hintOf = async (key: string): Promise<string> => {
      const { body } = await planRestore(stack, { scope: { key } });
      const check = (body as RestoreView).preflights.find(({ name }) => name === 'key');
      expect(check?.status).toBe('failed');
      const refused = await stack.api(`/restores/${body.id}/approve`, { method: 'POST', as: 'bob', body: { hash: body.hash } });
      expect(refused.status).toBe(409);
      return check?.hint ?? '';
    };
    expect(await hintOf('present')).toContain('az keyvault key delete');
    expect(await hintOf('binned')).toContain(`az keyvault key recover --hsm-name ${HSM} --name binned`);
    expect(await hintOf('nowhere')).toContain('hsmkeep restore plan');
  });
});

describe('a restore from the immutable copy', { timeout: 120_000 }, () => {
  const landings = async (): Promise<string[]> => {
    const names: string[] = [];
    for await (const { name } of stack.service.listContainers()) if (name.includes('-landing-')) names.push(name);
    return names;
  };

  test('brings the whole HSM back when everything in the container of the backups is gone', async () => {
    const hsm = hsmOf(stack);
    const version = await hsm.createKey('survivor');
    const secret = await hsm.encrypt('survivor', version, 'of the copy');
    const folder = await takeBackup(stack);
    await purge('survivor');
    for await (const { name } of stack.container(HSM).listBlobsFlat()) await stack.container(HSM).getBlobClient(name).delete();

    const { plan, run } = await restoreNow(stack, { from: 'immutableCopy' });
    expect(plan).toMatchObject({
      folder,
      from: 'immutableCopy',
      container: stack.copies(HSM).url,
      landing: expect.stringMatching(/-landing-\d{17}$/),
    });
    expect(plan.preflights).toContainEqual(expect.objectContaining({ name: 'immutable copy', status: 'ok' }));
    expect(run, JSON.stringify(run.steps, null, 1)).toMatchObject({ status: 'Completed', result: { restored: true } });
    expect(run.steps.map(({ name }) => name).slice(0, 3)).toEqual(['Approval', 'Landing', 'Safety backup']);
    expect(run.steps.find(({ name }) => name === 'Landing')?.message).toMatch(/^\d+ blobs copied and compared$/);
    expect(await hsm.decrypt('survivor', version, secret)).toBe('of the copy');
    expect(await landings()).toEqual([]);
  });

  test('of which a byte was flipped ends before anything is touched, and leaves no container behind', async () => {
    const folder = await takeBackup(stack);
    await hsmOf(stack).createKey('unharmed');
    await flipByte(stack, `${folder}/data-00001.bin`, stack.copies(HSM));
    const { run } = await restoreNow(stack, { from: 'immutableCopy', selector: { folder } });
    expect(run.status).toBe('Failed');
    expect(run.steps.at(-1)).toMatchObject({ name: 'Landing', message: expect.stringContaining('data-00001.bin changed') });
    expect(await hsmOf(stack).keys()).toContain('unharmed');
    expect(await landings()).toEqual([]);
  });

  test('that was never completed is refused in the plan', async () => {
    const folder = await takeBackup(stack);
    await stack.copies(HSM).getBlobClient(`hsmkeep/${HSM}/${folder}.json`).delete();
    const { body } = await planRestore(stack, { from: 'immutableCopy', selector: { folder } });
    expect(body.preflights).toContainEqual(expect.objectContaining({ name: 'immutable copy', status: 'failed' }));
  });
});

describe('a restore that cannot be', { timeout: 120_000 }, () => {
  test('because the SAS token has expired ends with the storage’s own word, before anything is touched', async () => {
    await hsmOf(stack).createKey('behind-sas');
    const folder = await takeBackup(stack);
    const expired = await stack.container(HSM).generateSasUrl({
      permissions: ContainerSASPermissions.parse('rl'),
      startsOn: new Date(Date.now() - 7_200_000),
      expiresOn: new Date(Date.now() - 3_600_000),
    });
    const secret = `${stack.emulator.ready.vaults['contoso-kv']}/secrets/hsm-sas`;
    await stack.emulator.send(`${secret}?api-version=7.5`, { method: 'PUT', body: { value: new URL(expired).search.slice(1) } });
    const hsms = stack.config.hsms.map((hsm) =>
      hsm['name'] === HSM ? { ...hsm, backupTo: { container: stack.container(HSM).url, auth: { sas: secret } } } : hsm,
    );
    await stack.killHost();
    await stack.startHost({ HSMKEEP_CONFIG: JSON.stringify({ ...stack.config, hsms }) });
    const kept = await hsmOf(stack, SPARE).keys();

    const { run } = await restoreNow(stack, { target: SPARE, selector: { folder } });
    expect(run.status).toBe('Failed');
    expect(run.steps.at(-1)).toMatchObject({
      name: 'Pre-restore check',
      message: expect.stringMatching(/failed \((AuthenticationFailed|AuthorizationFailure)/),
      hint: expect.stringContaining('that the SAS is valid'),
    });
    expect(JSON.stringify(run)).not.toMatch(/sig=|se=/);
    expect(await hsmOf(stack, SPARE).keys()).toEqual(kept);
    await stack.killHost();
    await stack.startHost();
  });

  test('because the folder is gone by then ends with that, and with what to do', async () => {
    const folder = await takeBackup(stack);
    const plan = (await planRestore(stack, { selector: { folder } })).body as RestoreView;
    await execute(stack, plan);
    await removeAll(`${folder}/`);
    await decide(stack, plan);
    const run = await stack.runEnd(plan.id);
    expect(run.status).toBe('Failed');
    expect(run.steps.at(-1)).toMatchObject({
      name: 'Plan again',
      message: `There is no backup of ${HSM} called ${folder}.`,
      hint: expect.stringContaining(`hsmkeep backup list ${HSM}`),
    });
    // A record without its folder would trouble the nights of the tests that follow.
    await removeAll(`hsmkeep/${HSM}/${folder}`);
  });

  async function removeAll(prefix: string): Promise<void> {
    for await (const { name } of stack.container(HSM).listBlobsFlat({ prefix })) await stack.container(HSM).getBlobClient(name).delete();
  }
});

describe('an identity with no right but to restore', { timeout: 120_000 }, () => {
  test('plans blind and says so, restores, and cannot compare', async () => {
    const objectId = await grantRestoreDuty(stack, ['Restore User']);
    const hsm = hsmOf(stack);
    const version = await hsm.createKey('blind');
    await takeBackup(stack);
    await purge('blind');

    const { plan, run } = await restoreNow(stack);
    const command = `az keyvault role assignment create --hsm-name ${HSM} --role "Managed HSM Crypto Auditor" --scope / --assignee-object-id ${objectId}`;
    expect(plan.diff.keys).toBe('unreadable');
    expect(plan.preflights.find(({ name }) => name === 'inventory')?.hint).toContain(command);
    expect(run.status, JSON.stringify(run.steps)).toBe('Degraded');
    expect(run.steps.find(({ name }) => name === 'Compare')?.hint).toContain(command);
    expect(await hsm.keys()).toContain('blind');
    expect(version).toMatch(/^[0-9a-f]{32}$/);
  });

  test('that loses even that by the restore says that the outcome is unknown, and how to look', async () => {
    await grantRestoreDuty(stack, []);
    await hsmOf(stack).createKey('lockout');
    await takeBackup(stack);
    const objectId = await grantRestoreDuty(stack);

    const { plan, run } = await restoreNow(stack);
    expect(plan.preflights.find(({ name }) => name === 'rights afterwards')).toMatchObject({ status: 'warning' });
    // The HSM may still answer the poll by which it learns that the restore is done, and nothing after it; or not even that one.
    const isKnown = run.result?.['restored'] === true;
    const ending = isKnown
      ? { name: 'Compare', message: expect.stringContaining('could not be read') }
      : { name: 'Restore', message: expect.stringContaining('no longer lets this app in') };
    expect(run.status, JSON.stringify(run.steps)).toBe('Degraded');
    expect(run.steps.find(({ status }) => status === 'Degraded')).toMatchObject({
      ...ending,
      hint: expect.stringContaining(`--role "Managed HSM Restore User" --scope / --assignee-object-id ${objectId}`),
    });

    await grantRestoreDuty(stack);
    const look = (await planRestore(stack, { selector: { folder: plan.folder } })).body as RestoreView;
    expect(look.diff.keys).toEqual({ vanish: [], comeBack: [], change: [] });
  });
});

test('all of this was done by the identities of the duties, and none of it by the emulator’s administrator', async () => {
  const requests = await stack.emulator.control.requests();
  const starts = requests.filter(
    ({ method, path }) => (method === 'PUT' && /restore$/.test(path)) || (method === 'POST' && /backup$/.test(path)),
  );
  const callers = (matching: RegExp) => [
    ...new Set(starts.filter(({ path, caller }) => matching.test(path) && caller).map(({ caller }) => caller)),
  ];
  expect(callers(/restore$/)).toEqual(['test-restore']);
  expect(callers(/backup$/)).toEqual(['test-backup']);
});
