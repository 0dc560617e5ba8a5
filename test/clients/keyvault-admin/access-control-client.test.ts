import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyVaultAccessControlClient, KnownKeyVaultDataAction, KnownKeyVaultRoleScope } from '../../../src/clients/keyvault-admin/index.ts';
import {
  countingCredential,
  LOCAL_OPTIONS,
  PUBLIC_URL,
  publicOptions,
  type Script,
  type ScriptedHsm,
  startScriptedHsm,
} from './scripted-hsm.ts';

const NOT_FOUND = { status: 404, body: { error: { code: 'RoleAssignmentNotFound', message: 'Requested role assignment not found' } } };
const wireAssignment = (name: string) => ({
  id: `/providers/Microsoft.Authorization/roleAssignments/${name}`,
  name,
  properties: { principalId: 'somebody', roleDefinitionId: 'some-role', scope: '/keys' },
  type: 'Microsoft.Authorization/roleAssignments',
});

let hsm: ScriptedHsm;
let answer: Script;
const client = (options = {}) => new KeyVaultAccessControlClient(hsm.url, countingCredential(), { ...LOCAL_OPTIONS, ...options });
beforeEach(async () => {
  hsm = await startScriptedHsm((request, url) => answer(request, url));
});
afterEach(() => hsm.stop());

describe('scopes', () => {
  test.each([
    [KnownKeyVaultRoleScope.Global, '/providers/Microsoft.Authorization/roleAssignments'],
    [KnownKeyVaultRoleScope.Keys, '/keys/providers/Microsoft.Authorization/roleAssignments'],
    ['/keys/payroll', '/keys/payroll/providers/Microsoft.Authorization/roleAssignments'],
    ['/keys/a?b', '/keys/a%3Fb/providers/Microsoft.Authorization/roleAssignments'],
  ])('%s leads to %s', async (scope, path) => {
    answer = () => ({ body: { value: [] } });
    for await (const _none of client().listRoleAssignments(scope));
    expect(hsm.authorized().map((request) => request.path)).toEqual([path]);
  });

  test('a name that is empty or leads elsewhere is refused before anything is sent', async () => {
    await expect(client().deleteRoleAssignment('/', '')).rejects.toThrow('role assignment name');
    await expect(client().deleteRoleDefinition('/', '..')).rejects.toThrow('role definition name');
    await expect(client().getRoleDefinition('/keys/..', 'x')).rejects.toThrow('role scope');
    expect(hsm.requests).toHaveLength(0);
  });
});

describe('lists', () => {
  const pages: Script = ({ query }, url) => {
    const page = query.get('page') ?? '1';
    const next = { 1: '2', 2: '3' }[page];
    const value = { 1: [wireAssignment('a')], 2: [], 3: [wireAssignment('b')] }[page];
    return {
      body: { value, nextLink: next ? `${url}/providers/Microsoft.Authorization/roleAssignments?api-version=7.6&page=${next}` : null },
    };
  };

  test('follow every link, through empty pages', async () => {
    answer = pages;
    const names: string[] = [];
    for await (const { name } of client().listRoleAssignments('/')) names.push(name);
    expect(names).toEqual(['a', 'b']);
    expect(hsm.authorized().map(({ query }) => query.getAll('api-version'))).toEqual([['7.6'], ['7.6'], ['7.6']]);
  });

  test('can be read by page and gone on with from a token', async () => {
    answer = pages;
    const first = await client().listRoleAssignments('/').byPage().next();
    const { continuationToken } = first.value as { continuationToken?: string };
    const rest: string[][] = [];
    for await (const page of client()
      .listRoleAssignments('/')
      .byPage({ continuationToken: continuationToken ?? '' })) {
      rest.push(page.map(({ name }) => name));
    }
    expect(rest).toEqual([[], ['b']]);
  });

  test('do not follow a link to another host', async () => {
    answer = () => ({ body: { value: [], nextLink: 'https://elsewhere.example/page2' } });
    const pages = new KeyVaultAccessControlClient(PUBLIC_URL, countingCredential(), publicOptions(hsm)).listRoleAssignments('/').byPage();
    await pages.next();
    await expect(pages.next()).rejects.toThrow('another host');
    expect(hsm.authorized()).toHaveLength(1);
  });
});

describe('deleting', () => {
  test('what is not there resolves', async () => {
    answer = () => NOT_FOUND;
    await client().deleteRoleAssignment('/', 'gone');
    await client().deleteRoleDefinition('/', 'gone');
    expect(hsm.authorized().map(({ method }) => method)).toEqual(['DELETE', 'DELETE']);
  });

  test('reports every other refusal', async () => {
    answer = () => ({ status: 403, body: { error: { code: 'AccessDenied', message: 'Not authorized' } } });
    await expect(client().deleteRoleAssignment('/', 'x')).rejects.toMatchObject({ statusCode: 403, code: 'AccessDenied' });
  });
});

test('an error has the status, the code, the message and the whole body of the service', async () => {
  answer = () => NOT_FOUND;
  await expect(client().getRoleAssignment('/', 'x')).rejects.toMatchObject({
    name: 'RestError',
    statusCode: 404,
    code: 'RoleAssignmentNotFound',
    message: 'Requested role assignment not found',
    details: NOT_FOUND.body,
  });
});

test('a new role gets a GUID of its own and is assignable where it is made', async () => {
  answer = ({ path, body }) => ({
    status: 201,
    body: { ...(body as object), id: path.slice(1), name: path.split('/').at(-1), type: 'Microsoft.Authorization/roleDefinitions' },
  });
  const role = await client().setRoleDefinition('/', {
    roleName: 'Night backup',
    permissions: [{ dataActions: [KnownKeyVaultDataAction.StartHsmBackup] }],
    assignableScopes: ['/keys'],
  });
  expect(role).toMatchObject({ roleName: 'Night backup', roleType: 'CustomRole', description: '', assignableScopes: ['/'] });
  expect(role.name).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(hsm.authorized()[0]?.body).toEqual({
    properties: {
      roleName: 'Night backup',
      type: 'CustomRole',
      permissions: [{ dataActions: ['Microsoft.KeyVault/managedHsm/backup/start/action'] }],
      assignableScopes: ['/'],
    },
  });
});

test('reads are repeated when the service is busy', async () => {
  let calls = 0;
  answer = () => (++calls < 3 ? { status: 503 } : { body: wireAssignment('a') });
  expect(await client().getRoleAssignment('/', 'a')).toMatchObject({ name: 'a', properties: { scope: '/keys' } });
});

test('options of a call reach its request', async () => {
  answer = () => ({ body: wireAssignment('a') });
  const statuses: number[] = [];
  await client().getRoleAssignment('/', 'a', {
    requestOptions: { headers: { 'x-run': 'night-7' } },
    onResponse: ({ status }) => statuses.push(status),
  });
  expect(hsm.authorized()[0]?.headers['x-run']).toBe('night-7');
  expect(statuses).toEqual([200]);
  await expect(client().getRoleAssignment('/', 'a', { abortSignal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
});
