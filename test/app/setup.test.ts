import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hsmkeep } from '../cli/support.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { writeReadyFile } from '../support/caller.ts';
import { drillNow, listed } from '../support/drills.ts';
import { hsmOf, restoreNow, takeBackup } from '../support/restores.ts';

const HSM = 'contoso-hsm';
const DRILL = 'contoso-drill-hsm';
const RESTORE_ROLE = '58b8a53b-330d-40a6-aba8-79b9237bfa24';
const NOW = new Date('2026-11-22T10:00:00Z');

let stack: AppStack;
let folder: string;
let readyFile: string;
let identities: readonly string[];
let restorer: string;
/** HSMs with an administrator and nobody else; identities that may do nothing yet. */
beforeAll(async () => {
  const drill = { into: DRILL, schedule: '0 0 0 29 2 *' };
  stack = await startAppStack({ hsms: [HSM], drillHsms: [DRILL], each: { [HSM]: { drill } } });
  folder = mkdtempSync(join(tmpdir(), 'hsmkeep-setup-'));
  const { control, ready } = stack.emulator;
  const [backup, restore, admin] = await Promise.all([
    control.principal({ name: 'test-backup', roles: [] }),
    control.principal({ name: 'test-restore', roles: [] }),
    control.principal({ name: 'hsm-admin', roles: [{ hsm: '*', scope: '/', role: 'Administrator' }] }),
  ]);
  restorer = restore.objectId;
  identities = [`backup=${backup.objectId}`, `restore=${restore.objectId}`];
  const hsm = (name: string) => ({ name, url: ready.hsms[name], backupTo: { container: stack.container(name).url } });
  readyFile = writeReadyFile(stack.emulator, {
    folder,
    config: { hsms: [{ ...hsm(HSM), drill }], drillHsms: [hsm(DRILL)] },
    storageConnectionString: stack.azurite.connectionString,
    clientId: admin.clientId,
  });
});
afterAll(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const setup = (args: readonly string[] = [], now = NOW) =>
  hsmkeep(['setup', ...args, '--identity', ...identities, '--ready-file', readyFile], { now });
const setupJson = async (args: readonly string[] = [], now = NOW) => {
  const { code, stdout, stderr } = await setup([...args, '--json'], now);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
};

/** Who may restore into the HSM by a role of ours. */
const armed = async () => (await hsmOf(stack).assignments()).filter(({ roleDefinitionId }) => roleDefinitionId.endsWith(RESTORE_ROLE));

describe('hsmkeep setup', { timeout: 180_000 }, () => {
  test('shows what it would do, and does nothing yet', async () => {
    await stack.container(DRILL).delete();
    const { stdout, stderr, code } = await setup();
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/\+ +contoso-hsm +role +hsmkeep backup: backup\/start\/action, backup\/status\/action, keys\/read\/action/);
    expect(stdout).toMatch(/\+ +container +http:.*backups-contoso-drill-hsm\n/);
    expect(stdout).toMatch(/\+ +contoso-hsm +canary +key hsmkeep-canary/);
    expect(stdout).toMatch(/\d+ changes to do: add --apply\.\n$/);
    expect((await hsmOf(stack).assignments()).length).toBe(1);
  });

  test('sets all up from HSMs with only an administrator, and finds nothing to do afterwards', async () => {
    expect(await setupJson(['--apply'])).toMatchObject({ applied: true });
    expect(await setupJson()).toMatchObject({ changes: 0 });
    expect((await setup(['--apply'])).stdout).toContain('Nothing to do.');
    expect(await stack.container(DRILL).exists()).toBe(true);
    // The administrator was lent the right to make the canary, and has given it back.
    const lent = await hsmOf(stack).send<{ value: unknown[] }>('/keys/hsmkeep-canary/providers/Microsoft.Authorization/roleAssignments');
    expect(lent.value).toEqual([]);
  });

  test('then a night, and a drill, run under the identities of the duties', async () => {
    const stop = stack.hurry(2_000);
    try {
      const backup = await takeBackup(stack);
      const drill = await drillNow(stack);
      expect(drill.status, JSON.stringify(drill.steps)).toBe('Completed');
      expect((await listed(stack)).find((one) => one.folder === backup)?.proof).toBe('L3c');
    } finally {
      await stop();
    }
  });

  test('gives the right to restore for hours only; then a restore runs', async () => {
    expect(await armed()).toEqual([]);
    expect(await setup(['--arm-restore', HSM])).toMatchObject({ code: 2, stderr: expect.stringContaining('Say for how long') });
    const { stdout } = await setup(['--arm-restore', HSM, '--for', '4h']);
    expect(stdout).toContain(`${restorer} may restore into ${HSM} until 2026-11-22 14:00Z`);
    expect(stdout).toContain(`hsmkeep setup --disarm ${HSM}`);
    expect(await armed()).toMatchObject([{ principalId: restorer, scope: '/' }]);
    expect(await setupJson()).toMatchObject({ changes: 0 });

    const stop = stack.hurry(2_000);
    try {
      await takeBackup(stack);
      await hsmOf(stack).createKey('newcomer');
      const { run } = await restoreNow(stack);
      expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
      expect(await hsmOf(stack).keys()).not.toContain('newcomer');
    } finally {
      await stop();
    }
  });

  test('takes the right away when its time is over, or at once', async () => {
    const late = new Date('2026-11-22T14:00:01Z');
    const { steps } = await setupJson(['--apply'], late);
    const changed = steps.filter(({ change }: { change: string }) => change !== 'keep');
    expect(changed).toMatchObject([
      { what: 'assignment', change: 'take', role: 'restore', principalId: restorer },
      { what: 'arm', change: 'forget' },
    ]);
    expect(await armed()).toEqual([]);

    await setup(['--arm-restore', HSM, '--for', '30m']);
    expect((await setup(['--disarm', HSM])).code).toBe(0);
    expect(await armed()).toEqual([]);
    expect((await setup(['--disarm', HSM])).stdout).toContain('Nobody had that right');
    expect(await setupJson()).toMatchObject({ changes: 0 });
  });

  test('mends a role that somebody changed, and takes ours from whom it is not meant for', async () => {
    const role = ['role', 'definition', 'set', HSM, 'hsmkeep backup', '--action', 'rng/action'];
    await hsmkeep([...role, '--ready-file', readyFile]);
    const stranger = '11112222-3333-4444-8555-666677778888';
    await hsmkeep(['role', 'assignment', 'set', HSM, '--role', 'hsmkeep backup', '--principal', stranger, '--ready-file', readyFile]);
    const { steps } = await setupJson(['--apply']);
    expect(steps.filter(({ change }: { change: string }) => change !== 'keep')).toMatchObject([
      { what: 'role', change: 'mend', role: 'backup' },
      { what: 'assignment', change: 'take', principalId: stranger },
    ]);
    await takeBackup(stack);
  });

  test('takes everything of its own away again, after a yes, and leaves keys and backups', async () => {
    const before = await stack.folders(HSM);
    expect(await setup(['--remove'])).toMatchObject({ code: 2, stderr: expect.stringContaining('nobody is here to say yes') });
    expect((await setup(['--remove', '--yes'])).code).toBe(0);
    const roles = await hsmkeep(['role', 'definition', 'list', HSM, '--custom', '--ready-file', readyFile]);
    expect(roles.stdout).toBe('There is none.\n');
    expect([await hsmOf(stack).keys(), await stack.folders(HSM)]).toEqual([expect.arrayContaining(['hsmkeep-canary']), before]);
  });

  test('does what it may when storage is closed to the administrator, and says what it left out', async () => {
    const wrongKey = stack.azurite.connectionString.replace(/AccountKey=[^;]+/, `AccountKey=${Buffer.alloc(64).toString('base64')}`);
    const { code, stdout, stderr } = await setup(['--storage', wrongKey]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/note: you may not look into http:.*hsmkeep, so what belongs there is left out/);
    expect(stdout).toMatch(/\+ +contoso-hsm +role +hsmkeep backup/);
    expect(stdout).not.toMatch(/container|canary +key/);
  });

  test.each([
    [['--apply', '--remove'], 'more than one thing'],
    [['--for', '4h'], '--for belongs to --arm-restore'],
    [['--arm-restore', HSM, '--for', '48h'], 'at most 24h'],
    [['--arm-restore', 'nowhere', '--for', '4h'], 'No HSM named nowhere'],
  ])('%j is refused', async (args, message) => {
    expect(await setup(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
});
