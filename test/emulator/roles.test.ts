import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HSM_RESOURCE, type SendOptions, startTestEmulator, type TestEmulator } from '../support/emulator.ts';

let emulator: TestEmulator;

beforeAll(async () => {
  emulator = await startTestEmulator({ hsms: [{ name: 'h1' }, { name: 'h2' }, { name: 'full' }], vaults: [] });
});
afterAll(() => emulator?.stop());

const PROVIDER = 'providers/Microsoft.Authorization';
const BACKUP_USER = '7b127d3c-77bd-4e3e-bbe0-dbb8971fa7f8';
const definitionId = (name: string) => `Microsoft.KeyVault/${PROVIDER}/roleDefinitions/${name}`;

const send = (path: string, options?: SendOptions, hsm = 'h1') =>
  emulator.send(`${emulator.ready.hsms[hsm]}${path}${path.includes('?') ? '&' : '?'}api-version=7.6`, options);
const put = (path: string, properties: unknown, hsm?: string) => send(path, { method: 'PUT', body: { properties } }, hsm);
const assign = (name: string, properties: Record<string, unknown>, scope = '', hsm?: string) =>
  put(
    `${scope}/${PROVIDER}/roleAssignments/${name}`,
    { roleDefinitionId: definitionId(BACKUP_USER), principalId: randomUUID(), ...properties },
    hsm,
  );

describe('role definitions', () => {
  test('begin with the built-in ones in the order of the service, the same at every scope', async () => {
    const names = async (scope: string) =>
      (await send(`${scope}/${PROVIDER}/roleDefinitions`)).body.value.map(
        (role: { properties: { roleName: string } }) => role.properties.roleName,
      );
    expect((await names('')).slice(0, 10)).toEqual(
      [
        'EKM Administrator',
        'Restore User',
        'Backup User',
        'Crypto Service Encryption User',
        'Crypto Service Release User',
        'Crypto Auditor',
        'Policy Administrator',
        'Crypto User',
        'Crypto Officer',
        'Administrator',
      ].map((name) => `Managed HSM ${name}`),
    );
    expect(await names('/keys')).toEqual(await names(''));
    expect(await names('/keys/some-key')).toEqual(await names(''));
  });

  test('have an id without a leading slash and without a scope', async () => {
    const { text, body } = await send(`/keys/${PROVIDER}/roleDefinitions/${BACKUP_USER}`);
    expect(body.id).toBe(definitionId(BACKUP_USER));
    expect(body.properties).toMatchObject({ assignableScopes: ['/'], description: '', type: 'AKVBuiltInRole' });
    expect(text.startsWith('{"id":"Microsoft.KeyVault/')).toBe(true);
  });

  test('are made and replaced with 201, filled up with what was left out, and deleted with 200 and the object', async () => {
    const path = `/${PROVIDER}/roleDefinitions/${randomUUID()}`;
    const dataActions = ['Microsoft.KeyVault/managedHsm/keys/derive/action'];
    const made = await put(path, { roleName: 'Deriver', description: 'old', permissions: [{ dataActions }] });
    const replaced = await put(path, { roleName: 'Deriver', assignableScopes: ['/keys'], permissions: [{ dataActions }, {}] });
    const none = { actions: [], dataActions: [], notActions: [], notDataActions: [] };

    expect([made.status, replaced.status]).toEqual([201, 201]);
    expect(replaced.body.properties).toEqual({
      assignableScopes: ['/'],
      description: '',
      permissions: [{ ...none, dataActions }, none],
      roleName: 'Deriver',
      type: 'CustomRole',
    });
    const listed = (await send(`/${PROVIDER}/roleDefinitions?$filter=${encodeURIComponent("roleName eq 'Deriver'")}`)).body.value;
    expect(listed).toEqual([replaced.body]);

    const deleted = await send(path, { method: 'DELETE' });
    expect([deleted.status, deleted.body]).toEqual([200, replaced.body]);
    expect((await send(path, { method: 'DELETE' })).body.error).toMatchObject({
      code: 'RoleDefinitionNotFound',
      message: expect.stringMatching(/^Requested role definition not found \(Activity ID: /),
    });
  });

  test('must have a GUID for a name, and not that of a built-in role', async () => {
    const path = `/${PROVIDER}/roleDefinitions`;
    const badName = await put(`${path}/not-a-guid`, { roleName: 'x' });
    const builtIn = await put(`${path}/${BACKUP_USER}`, { roleName: 'x' });
    const deleted = await send(`${path}/${BACKUP_USER}`, { method: 'DELETE' });

    expect(badName.body.error.message).toMatch(/^Role definition name must be a GUID /);
    for (const { status, body } of [builtIn, deleted]) {
      expect([status, body.error.code]).toEqual([400, 'BadParameter']);
      expect(body.error.message).toMatch(/^Cannot re-use the name\/GUID matching that of a built-in role\. Please use a unique role ID\. /);
    }
    expect((await send(`${path}/not-a-guid`)).status).toBe(404);
    expect((await put(`${path}/${randomUUID()}`, {})).body.error.code).toBe('BadParameter');
  });
});

describe('role assignments', () => {
  test('are made with 201, carry their scope only in the properties, and are deleted with 200 through any scope', async () => {
    const name = randomUUID();
    const principalId = randomUUID();
    const made = await assign(name, { principalId }, '/keys');
    expect([made.status, made.body]).toEqual([
      201,
      {
        id: `/${PROVIDER}/roleAssignments/${name}`,
        name,
        properties: { principalId, roleDefinitionId: definitionId(BACKUP_USER), scope: '/keys' },
        type: 'Microsoft.Authorization/roleAssignments',
      },
    ]);
    expect((await send(`/${PROVIDER}/roleAssignments/${name}`)).body).toEqual(made.body);
    expect(await send(`/${PROVIDER}/roleAssignments/${name}`, { method: 'DELETE' })).toMatchObject({ status: 200, body: made.body });
    const gone = await send(`/${PROVIDER}/roleAssignments/not-a-guid`, { method: 'DELETE' });
    expect([gone.status, gone.body.error.code]).toEqual([404, 'RoleAssignmentNotFound']);
  });

  test('of keys are listed only at their key, those of / and /keys together', async () => {
    const [hsmWide, allKeys, oneKey] = [randomUUID(), randomUUID(), randomUUID()];
    await assign(hsmWide, {}, '', 'h2');
    await assign(allKeys, {}, '/keys', 'h2');
    await assign(oneKey, {}, '/keys/k1', 'h2');
    const names = async (scope: string) =>
      (await send(`${scope}/${PROVIDER}/roleAssignments`, {}, 'h2')).body.value.map(({ name }: { name: string }) => name).toSorted();

    expect(await names('')).toEqual([hsmWide, allKeys].toSorted());
    expect(await names('/keys')).toEqual([hsmWide, allKeys].toSorted());
    expect(await names('/keys/k1')).toEqual([oneKey]);
    expect(await names('/keys/k2')).toEqual([]);
  });

  test('cannot be doubled: 400, not 409', async () => {
    const [first, principalId] = [randomUUID(), randomUUID()];
    await assign(first, { principalId });
    const { status, body } = await assign(randomUUID(), { principalId });
    expect([status, body.error.code]).toEqual([400, 'MatchingRoleAssignmentExists']);
    expect(body.error.message).toContain(
      `Role assignment '${first}' already adds role '${definitionId(BACKUP_USER)}' to principal '${principalId}' in scope '/'.`,
    );
  });

  test('need a role that exists, a GUID for a name and a key name that can be', async () => {
    expect((await assign(randomUUID(), { roleDefinitionId: definitionId(randomUUID()) })).body.error.code).toBe('RoleDefinitionNotFound');
    expect((await assign('not-a-guid', {})).body.error.code).toBe('BadParameter');
    expect((await assign(randomUUID(), {}, '/keys/under_score')).body.error.code).toBe('Invalidkeyidentifier');
  });

  test('are at most 50 at the HSM and 10 at a key', async () => {
    for (let count = 0; count < 10; count += 1) expect((await assign(randomUUID(), {}, '/keys/k1', 'full')).status).toBe(201);
    expect((await assign(randomUUID(), {}, '/keys/k1', 'full')).status).toBe(400);
    for (let count = 0; count < 50; count += 1) expect((await assign(randomUUID(), {}, count % 2 ? '' : '/keys', 'full')).status).toBe(201);
    expect((await assign(randomUUID(), {}, '', 'full')).status).toBe(400);
  });
});

describe('local access control', () => {
  const as = async (name: string, roles: Parameters<TestEmulator['control']['principal']>[0]['roles']) => {
    const { clientId } = await emulator.control.principal({ name, roles: roles ?? [] });
    return emulator.token(HSM_RESOURCE, clientId);
  };

  test('refuses what no role allows, naming the data action and the scope', async () => {
    const token = await as('nobody', []);
    const { status, body } = await send(`/keys/${PROVIDER}/roleAssignments`, { token });
    expect(status).toBe(403);
    expect(body.error).toEqual({
      code: 'AccessDenied',
      message: expect.stringMatching(
        /^Not authorized to access Microsoft\.KeyVault\/managedHsm\/roleAssignments\/read\/action on \/keys \(Activity ID: [0-9a-f-]{36}\)$/,
      ),
    });
  });

  test('lets a Backup User start and follow backups, and no restore', async () => {
    const token = await as('backup', [{ hsm: 'h1', role: 'Backup User' }]);
    const statuses = async (method: string, path: string) => (await send(path, { method, token, body: {} })).status;
    expect(await statuses('POST', '/prebackup')).toBe(202);
    expect(await statuses('GET', '/backup/00000000000000000000000000000000/pending')).toBe(404);
    expect(await statuses('PUT', '/prerestore')).toBe(403);
    expect(await statuses('PUT', '/restore')).toBe(403);
    expect(await statuses('GET', '/restore/00000000000000000000000000000000/pending')).toBe(403);
    expect(await statuses('PUT', '/keys/k/restore')).toBe(403);
    expect((await send('/prebackup', { method: 'POST', token, body: {} }, 'h2')).status).toBe(403);
  });

  test('keeps an assignment within its scope', async () => {
    const token = await as('auditor', [{ hsm: 'h1', scope: '/keys/k1', role: 'Managed HSM Crypto Auditor' }]);
    const read = async (scope: string) => (await send(`${scope}/${PROVIDER}/roleDefinitions`, { token })).status;
    expect([await read('/keys/k1'), await read('/keys/k10'), await read('/keys'), await read('')]).toEqual([200, 403, 403, 403]);
  });

  test('gives settings to administrators only', async () => {
    const officer = await as('officer', [{ hsm: 'h1', role: 'Crypto Officer' }]);
    const administrator = await as('administrator', [{ hsm: 'h1', role: 'Administrator' }]);
    expect((await send('/settings', { token: officer })).status).toBe(403);
    expect((await send('/settings', { token: administrator })).status).toBe(200);
  });

  test('takes notDataActions of a custom role away, and follows a change at once', async () => {
    const token = await as('custom', [{ hsm: 'h1', dataActions: ['settings/*'] }]);
    expect((await send('/settings', { token })).status).toBe(200);

    const role = (await send(`/${PROVIDER}/roleDefinitions`)).body.value.at(-1);
    const [permission] = role.properties.permissions;
    const without = { ...permission, notDataActions: ['Microsoft.KeyVault/managedHsm/settings/read/action'] };
    await put(`/${PROVIDER}/roleDefinitions/${role.name}`, { ...role.properties, permissions: [without] });
    expect((await send('/settings', { token })).status).toBe(403);
  });

  test('lets a Policy Administrator give roles, and the one who got it use it', async () => {
    const administrator = await as('policy', [{ hsm: 'h1', role: 'Policy Administrator' }]);
    const { clientId, objectId } = await emulator.control.principal({ name: 'newcomer', roles: [] });
    const newcomer = await emulator.token(HSM_RESOURCE, clientId);
    const body = { properties: { roleDefinitionId: `/${definitionId(BACKUP_USER)}`, principalId: objectId.toUpperCase() } };

    expect((await send('/prebackup', { method: 'POST', token: newcomer, body: {} })).status).toBe(403);
    const path = `/${PROVIDER}/roleAssignments/${randomUUID()}`;
    expect((await send(path, { method: 'PUT', token: administrator, body })).status).toBe(201);
    expect((await send('/prebackup', { method: 'POST', token: newcomer, body: {} })).status).toBe(202);
  });
});

describe('settings', () => {
  const NAME = 'AllowKeyManagementOperationsThroughARM';

  test('have string values, under the key settings', async () => {
    expect((await send('/settings')).body).toEqual({ settings: [{ name: NAME, type: 'boolean', value: 'false' }] });
    const changed = await send(`/settings/${NAME}`, { method: 'PATCH', body: { value: 'true' } });
    expect([changed.status, changed.body]).toEqual([200, { name: NAME, type: 'boolean', value: 'true' }]);
    expect((await send(`/settings/${NAME}`)).body.value).toBe('true');
  });

  test('that are unknown are a bad request, and so is an update without a body', async () => {
    const unknown = await send('/settings/Unknown');
    expect([unknown.status, unknown.body.error.code]).toEqual([400, 'InvalidSetting']);
    const empty = await send(`/settings/${NAME}`, { method: 'PATCH' });
    expect(empty.body.error).toMatchObject({ code: 'Nocontentprovided', message: expect.stringMatching(/^No content provided /) });
    expect((await send(`/settings/${NAME}`, { method: 'PATCH', body: { value: true } })).status).toBe(400);
  });
});
