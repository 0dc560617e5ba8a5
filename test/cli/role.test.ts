import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeReadyFile } from '../support/caller.ts';
import { startTestEmulator, type TestEmulator } from '../support/emulator.ts';
import { emptyFolder, hsmkeep } from './support.ts';

const HSM = 'contoso-hsm';
const SOMEBODY = '11112222-3333-4444-8555-666677778888';
const SETTING = 'AllowKeyManagementOperationsThroughARM';

let emulator: TestEmulator;
let folder: string;
let root: string;
let auditor: string;
beforeAll(async () => {
  emulator = await startTestEmulator();
  folder = emptyFolder();
  const config = { hsms: [{ name: HSM, url: emulator.ready.hsms[HSM], backupTo: { container: 'https://x.blob.core.windows.net/hsm' } }] };
  const { clientId } = await emulator.control.principal({ name: 'auditor', roles: [{ hsm: HSM, scope: '/', role: 'Crypto Auditor' }] });
  root = writeReadyFile(emulator, { folder, config });
  auditor = writeReadyFile(emulator, { folder, config, clientId });
});
afterAll(() => emulator?.stop());

const as =
  (readyFile: string) =>
  async (command: string, ...more: readonly string[]) => {
    const [noun = '', verb = '', ...rest] = command.split(' ');
    const args = noun === 'setting' ? [noun, verb, HSM, ...rest, ...more] : [noun, verb, rest[0] ?? '', HSM, ...rest.slice(1), ...more];
    return hsmkeep([...args, '--ready-file', readyFile]);
  };
const run = (command: string, ...more: readonly string[]) => as(root)(command, ...more);
const json = async (command: string, ...more: readonly string[]) => JSON.parse((await run(command, ...more, '--json')).stdout);

/** What the HSM itself says. */
const onHsm = async (path: string) => (await emulator.send(`${emulator.ready.hsms[HSM]}${path}?api-version=7.6`)).body;

describe('role definition', () => {
  test('lists built-in and custom roles, and shows what one allows, named as people do', async () => {
    const { stdout } = await run('role definition list');
    expect(stdout).toMatch(/^ROLE +KIND +ACTIONS +ID\n/);
    expect(stdout).toMatch(/Managed HSM Backup User +built-in +3 +7b127d3c-77bd-4e3e-bbe0-dbb8971fa7f8/);
    const page = (await run('role definition get', 'backup user')).stdout;
    expect(page).toContain('+ backup/start/action\n');
    expect(await json('role definition get', '7B127D3C-77bd-4e3e-bbe0-dbb8971fa7f8')).toMatchObject({
      roleName: 'Managed HSM Backup User',
    });
  });

  test('makes a role, replaces it when set again, and does no harm when set once more', async () => {
    const first = await json('role definition set', 'Night', '--action', 'backup/start/action', '--description', 'nights');
    const again = await json('role definition set', 'Night', '--action', 'backup/start/action', '--description', 'nights');
    expect(again).toEqual(first);
    await run('role definition set', 'Night', '--action', 'keys/*', '--not-action', 'keys/delete');

    expect(await onHsm(`/providers/Microsoft.Authorization/roleDefinitions/${first.id}`)).toMatchObject({
      properties: {
        roleName: 'Night',
        permissions: [
          { dataActions: ['Microsoft.KeyVault/managedHsm/keys/*'], notDataActions: ['Microsoft.KeyVault/managedHsm/keys/delete'] },
        ],
      },
    });
    expect((await json('role definition list', '--custom')).value.map(({ roleName }: { roleName: string }) => roleName)).toEqual(['Night']);
  });

  test('takes a role from the file that get prints', async () => {
    const file = join(folder, 'role.json');
    writeFileSync(file, (await run('role definition get', 'Crypto Auditor', '--json')).stdout);
    const copy = await json('role definition set', 'Copy', '--file', file);
    expect(copy.permissions).toEqual(JSON.parse(readFileSync(file, 'utf8')).permissions);
    await run('role definition delete', 'Copy', '--yes');
  });

  test('warns of an action that no HSM is known to have', async () => {
    const { code, stderr } = await run('role definition set', 'Typo', '--action', 'backup/strat/action');
    expect([code, stderr]).toEqual([0, expect.stringContaining('backup/strat/action is no data action that hsmkeep knows')]);
    await run('role definition delete', 'Typo', '--yes');
  });

  test('deletes only what nobody has, and only with a yes', async () => {
    await run('role definition set', 'Held', '--action', 'rng/action');
    await run('role assignment set', '--role', 'Held', '--principal', SOMEBODY);
    expect((await run('role definition delete', 'Held', '--yes')).stderr).toContain(`still given to ${SOMEBODY} at /`);
    await run('role assignment delete', '--role', 'Held', '--principal', SOMEBODY, '--yes');
    expect(await run('role definition delete', 'Held')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect((await run('role definition delete', 'Held', '--yes')).code).toBe(0);
    expect((await run('role definition get', 'Held')).stderr).toContain('has no role Held');
  });

  test.each([
    [['role definition set', 'Backup User', '--action', 'rng/action'], 2, 'is a built-in role'],
    [['role definition delete', 'Backup User', '--yes'], 2, 'is a built-in role'],
    [['role definition set', 'Empty'], 2, 'Say what the role allows'],
    [['role definition set', 'Missing', '--file', 'nowhere.json'], 2, 'cannot be read as JSON'],
    [['role definition set', 'Odd', '--action', 'rng/action', '--id', 'x'], 2, 'is not the id of a role'],
    [['role definition get', 'Nobody'], 1, 'has no role Nobody'],
  ])('%j is refused with what to do', async ([command = '', ...more], code, message) => {
    expect(await run(command, ...more)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
  });
});

describe('role assignment', () => {
  const night = ['--role', 'Backup User', '--principal', SOMEBODY];

  test('gives a role once, however often it is asked to', async () => {
    const first = await json('role assignment set', ...night);
    const again = await run('role assignment set', ...night);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('given before; nothing was changed') });
    expect((await json('role assignment list', '--principal', SOMEBODY)).value).toEqual([first]);
    expect((await json('role assignment get', first.id)).roleName).toBe('Managed HSM Backup User');
    expect((await run('role assignment list', '--role', 'Backup User')).stdout).toMatch(
      new RegExp(`${SOMEBODY} +Managed HSM Backup User +/ `),
    );
  });

  test('takes it away by what it says, after a yes', async () => {
    expect(await run('role assignment delete', ...night)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nobody is here to say yes'),
    });
    expect((await run('role assignment delete', ...night, '--yes')).stdout).toContain('Taken away: Managed HSM Backup User at /');
    expect((await run('role assignment delete', ...night, '--yes')).code).toBe(1);
  });

  test('reaches single keys, whose assignments the list of the HSM leaves out', async () => {
    const scope = ['--scope', '/keys/payments'];
    const { id } = await json('role assignment set', '--role', 'Crypto User', '--principal', SOMEBODY, ...scope);
    expect((await json('role assignment list', '--principal', SOMEBODY)).value).toEqual([]);
    expect((await json('role assignment list', ...scope)).value).toMatchObject([{ id, scope: '/keys/payments' }]);
    expect((await run('role assignment delete', id, ...scope, '--yes')).code).toBe(0);
    expect((await json('role assignment list', ...scope)).value).toEqual([]);
  });

  test('keeps the last administrator', async () => {
    const { id } = await json('role assignment set', '--role', 'Administrator', '--principal', SOMEBODY);
    expect((await run('role assignment delete', id, '--yes')).stderr).toContain('the last Managed HSM Administrator');
    await run('role assignment set', '--role', 'Administrator', '--principal', SOMEBODY.replace('1111', '9999'));
    expect((await run('role assignment delete', id, '--yes')).code).toBe(0);
  });

  test.each([
    [['role assignment set', '--role', 'Backup User', '--principal', 'alice'], 2, 'alice is not an object id'],
    [['role assignment set', '--role', 'Nobody', '--principal', SOMEBODY], 1, 'has no role Nobody'],
    [['role assignment delete', '--role', 'Backup User', '--yes'], 2, 'Say which assignment'],
    [['role assignment get', SOMEBODY], 1, 'has no role assignment'],
  ])('%j is refused with what to do', async ([command = '', ...more], code, message) => {
    expect(await run(command, ...more)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
  });
});

describe('setting', () => {
  test('shows and changes a setting, twice without harm', async () => {
    expect((await run('setting list')).stdout).toMatch(/^SETTING +VALUE\nAllowKeyManagementOperationsThroughARM +false\n$/);
    expect(await json('setting set', SETTING, 'true')).toEqual({ name: SETTING, value: true });
    expect(await json('setting set', SETTING, 'true')).toEqual({ name: SETTING, value: true });
    expect(await onHsm('/settings')).toMatchObject({ settings: [{ name: SETTING, value: 'true' }] });
    expect(await json('setting get', SETTING)).toEqual({ name: SETTING, value: true });
  });

  test('says who may, to one who may not', async () => {
    const { code, stderr } = await as(auditor)('setting set', SETTING, 'false');
    expect([code, stderr]).toEqual([1, expect.stringContaining('Only the role Managed HSM Administrator may read or change settings.')]);
    expect(stderr).toContain('you lack a right (settings/write/action)');
    expect(stderr).toContain(`hsmkeep role assignment set ${HSM} --role "Managed HSM Administrator"`);
  });

  test('refuses what the HSM does not know', async () => {
    expect((await run('setting get', 'Nothing')).stderr).toContain('knows no setting of that name');
    expect((await run('setting set', SETTING, 'perhaps')).stderr).toContain('must be "true" or "false"');
  });
});

describe('the HSM that is meant', () => {
  test('is named by its address before anything is configured', async () => {
    const address = emulator.ready.hsms[HSM] ?? '';
    expect(await hsmkeep(['setting', 'list', address, '--ready-file', root])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(SETTING),
    });
    expect((await hsmkeep(['setting', 'list', `${address}/keys`, '--ready-file', root])).code).toBe(2);
    expect((await hsmkeep(['setting', 'list', 'fabrikam', '--ready-file', root])).stderr).toContain('Configured are: contoso-hsm.');
  });

  test('refuses a person without the right to look, and says which', async () => {
    const { clientId } = await emulator.control.principal({ name: 'nobody', roles: [] });
    const nobody = writeReadyFile(emulator, { folder, config: { hsms: [] }, clientId });
    const { stderr } = await hsmkeep(['role', 'assignment', 'list', emulator.ready.hsms[HSM] ?? '', '--ready-file', nobody]);
    expect(stderr).toMatch(/you lack a right \(role(Definitions|Assignments)\/read\/action\)/);
  });
});
