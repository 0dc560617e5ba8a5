import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { KeyVaultAccessControlClient, KeyVaultBackupClient, KeyVaultSettingsClient } from '../../../src/clients/keyvault-admin/index.ts';
import { countingCredential, LOCAL_OPTIONS, type SeenRequest, startScriptedHsm } from './scripted-hsm.ts';

/** Microsoft's own examples, which are not part of the project. */
const EXAMPLES = join(import.meta.dirname, '../../../../shared/reference/openapi/2025-07-01/examples');
const CONCERNED = /Backup|Restore|Role|Setting/;
const available = existsSync(EXAMPLES);

type Example = {
  operationId: string;
  parameters: Record<string, unknown>;
  responses: Record<string, { headers?: Record<string, string | number>; body: Record<string, unknown> }>;
};
const read = (file: string): Example => JSON.parse(readFileSync(join(EXAMPLES, file), 'utf8'));

type Storage = { storageResourceUri: string; token: string };
type RestoreDetails = { sasTokenParameters: Storage; folderToRestore?: string; folder?: string };

/** What the client is asked to do, the request that it must then send last, and what it must make of the answer. */
type Replay = Readonly<{
  call: (url: string, example: Example) => Promise<unknown>;
  request: (example: Example) => { method: string; path: string; body?: unknown };
  result: (example: Example) => unknown;
}>;

const backups = (url: string) => new KeyVaultBackupClient(url, countingCredential(), LOCAL_OPTIONS);
const roles = (url: string) => new KeyVaultAccessControlClient(url, countingCredential(), LOCAL_OPTIONS);
const settings = (url: string) => new KeyVaultSettingsClient(url, countingCredential(), LOCAL_OPTIONS);

const param = <T = string>(example: Example, name: string): T => example.parameters[name] as T;
const answer = (example: Example) => Object.values(example.responses)[0] as Example['responses'][string];
const folderUri = ({ sasTokenParameters, folder, folderToRestore }: RestoreDetails) =>
  `${sasTokenParameters.storageResourceUri}/${folder ?? folderToRestore}`;
const withIdentityFlag = <T extends object>(storage: T) => ({ ...storage, useManagedIdentity: false });
const withIdentityFlagInside = (details: RestoreDetails) => ({
  ...details,
  sasTokenParameters: withIdentityFlag(details.sasTokenParameters),
});

/** The examples write a running job's `endTime` as 0 where the service writes null: both are no time. */
const runningJob = (example: Example) => ({
  status: 'running',
  jobId: answer(example).body['jobId'],
  startTime: new Date(1_490_790_000_000),
  endTime: undefined,
  statusDetails: answer(example).body['statusDetails'],
  isStarted: true,
  isCompleted: false,
});
const stateOf = (poller: { getOperationState(): { endTime?: Date } }) => ({
  endTime: undefined,
  ...withoutConfig(poller.getOperationState()),
});
function withoutConfig(state: object): object {
  const { config: _config, ...rest } = state as { config?: unknown };
  return rest;
}

function backupStart(path: string, parameter: string, begin: 'beginBackup' | 'beginPreBackup'): Replay {
  return {
    async call(url, example) {
      const { storageResourceUri, token } = param<Storage>(example, parameter);
      return stateOf(await backups(url)[begin](storageResourceUri, token));
    },
    request: (example) => ({ method: 'POST', path, body: withIdentityFlag(param<Storage>(example, parameter)) }),
    result: runningJob,
  };
}

function restoreStart(path: string, parameter: string, begin: 'beginRestore' | 'beginPreRestore'): Replay {
  return {
    async call(url, example) {
      const details = param<RestoreDetails>(example, parameter);
      return stateOf(await backups(url)[begin](folderUri(details), details.sasTokenParameters.token));
    },
    request: (example) => ({ method: 'PUT', path, body: withIdentityFlagInside(param<RestoreDetails>(example, parameter)) }),
    result: runningJob,
  };
}

function status(kind: 'backup' | 'restore', begin: 'beginBackup' | 'beginRestore'): Replay {
  const path = (example: Example) => `/${kind}/${param(example, 'jobId')}/pending`;
  return {
    async call(url, example) {
      const resumeFrom = JSON.stringify({ state: { config: { operationLocation: `${url}${path(example)}` } } });
      const poller = await backups(url)[begin]('https://account.blob.core.windows.net/container/folder', { resumeFrom });
      await poller.poll();
      return stateOf(poller);
    },
    request: (example) => ({ method: 'GET', path: path(example) }),
    result: runningJob,
  };
}

const rolePath = (scope: string, collection: string, name?: string) =>
  `${scope === '/' ? '' : `/${scope}`}/providers/Microsoft.Authorization/${collection}${name ? `/${name}` : ''}`;
const assignmentPath = (example: Example) => rolePath(param(example, 'scope'), 'roleAssignments', param(example, 'roleAssignmentName'));
const definitionPath = (example: Example) => rolePath(param(example, 'scope'), 'roleDefinitions', param(example, 'roleDefinitionName'));

type WireRole = { id: string; name: string; type: string; properties: Record<string, unknown> };
const assignment = ({ type, ...rest }: WireRole) => ({ ...rest, kind: type });
const definition = ({ id, name, type, properties: { type: roleType, ...properties } }: WireRole) => ({
  id,
  name,
  kind: type,
  roleType,
  ...properties,
});
const wire = (example: Example) => answer(example).body as unknown as WireRole;
const wireList = (example: Example) => answer(example).body['value'] as WireRole[];
const definitionProperties = (example: Example) => param<{ properties: Record<string, unknown> }>(example, 'parameters').properties;

const settingPath = (example: Example) => `/settings/${param(example, 'setting-name')}`;
const parsedSetting = { name: 'AllowKeyManagementOperationsThroughARM', kind: 'boolean', value: true };

const REPLAYS: Readonly<Record<string, Replay>> = {
  FullBackup: backupStart('/backup', 'azureStorageBlobContainerUri', 'beginBackup'),
  PreFullBackup: backupStart('/prebackup', 'preBackupOperationParameters', 'beginPreBackup'),
  FullRestoreOperation: restoreStart('/restore', 'restoreBlobDetails', 'beginRestore'),
  PreFullRestoreOperation: restoreStart('/prerestore', 'preRestoreOperationParameters', 'beginPreRestore'),
  SelectiveKeyRestoreOperation: {
    async call(url, example) {
      const details = param<RestoreDetails>(example, 'restoreBlobDetails');
      const keyName = param(example, 'keyName');
      return stateOf(await backups(url).beginSelectiveKeyRestore(keyName, folderUri(details), details.sasTokenParameters.token));
    },
    request: (example) => ({
      method: 'PUT',
      path: `/keys/${param(example, 'keyName')}/restore`,
      body: withIdentityFlagInside(param<RestoreDetails>(example, 'restoreBlobDetails')),
    }),
    result: runningJob,
  },
  FullBackupStatus: status('backup', 'beginBackup'),
  RestoreStatus: status('restore', 'beginRestore'),
  SelectiveKeyRestoreStatus: status('restore', 'beginRestore'),

  RoleAssignments_Create: {
    call(url, example) {
      const { roleDefinitionId, principalId } = definitionProperties(example) as { roleDefinitionId: string; principalId: string };
      return roles(url).createRoleAssignment(param(example, 'scope'), param(example, 'roleAssignmentName'), roleDefinitionId, principalId);
    },
    request: (example) => ({ method: 'PUT', path: assignmentPath(example), body: param(example, 'parameters') }),
    result: (example) => assignment(wire(example)),
  },
  RoleAssignments_Get: {
    call: (url, example) => roles(url).getRoleAssignment(param(example, 'scope'), param(example, 'roleAssignmentName')),
    request: (example) => ({ method: 'GET', path: assignmentPath(example) }),
    result: (example) => assignment(wire(example)),
  },
  RoleAssignments_Delete: {
    call: (url, example) => roles(url).deleteRoleAssignment(param(example, 'scope'), param(example, 'roleAssignmentName')),
    request: (example) => ({ method: 'DELETE', path: assignmentPath(example) }),
    result: () => undefined,
  },
  RoleAssignments_ListForScope: {
    call: (url, example) => all(roles(url).listRoleAssignments(param(example, 'scope'))),
    request: (example) => ({ method: 'GET', path: rolePath(param(example, 'scope'), 'roleAssignments') }),
    result: (example) => wireList(example).map(assignment),
  },
  RoleDefinitions_CreateOrUpdate: {
    call(url, example) {
      const { type: _always, ...properties } = definitionProperties(example);
      return roles(url).setRoleDefinition(param(example, 'scope'), {
        roleDefinitionName: param(example, 'roleDefinitionName'),
        ...properties,
      });
    },
    request: (example) => ({
      method: 'PUT',
      path: definitionPath(example),
      body: { properties: { ...definitionProperties(example), assignableScopes: [param(example, 'scope')] } },
    }),
    result: (example) => definition(wire(example)),
  },
  RoleDefinitions_Get: {
    call: (url, example) => roles(url).getRoleDefinition(param(example, 'scope'), param(example, 'roleDefinitionName')),
    request: (example) => ({ method: 'GET', path: definitionPath(example) }),
    result: (example) => definition(wire(example)),
  },
  RoleDefinitions_Delete: {
    call: (url, example) => roles(url).deleteRoleDefinition(param(example, 'scope'), param(example, 'roleDefinitionName')),
    request: (example) => ({ method: 'DELETE', path: definitionPath(example) }),
    result: () => undefined,
  },
  RoleDefinitions_List: {
    call: (url, example) => all(roles(url).listRoleDefinitions(param(example, 'scope'))),
    request: (example) => ({ method: 'GET', path: rolePath(param(example, 'scope'), 'roleDefinitions') }),
    result: (example) => wireList(example).map(definition),
  },

  GetSetting: {
    call: (url, example) => settings(url).getSetting(param(example, 'setting-name')),
    request: (example) => ({ method: 'GET', path: settingPath(example) }),
    result: () => parsedSetting,
  },
  GetSettings: {
    call: (url) => settings(url).getSettings(),
    request: () => ({ method: 'GET', path: '/settings' }),
    result: () => ({ settings: [parsedSetting] }),
  },
  UpdateSetting: {
    call: (url, example) => settings(url).updateSetting({ name: param(example, 'setting-name'), kind: 'boolean', value: true }),
    request: (example) => ({ method: 'PATCH', path: settingPath(example), body: param(example, 'parameters') }),
    result: () => parsedSetting,
  },
};

const files = available ? readdirSync(EXAMPLES).filter((file) => CONCERNED.test(file) && !/Secret/.test(file)) : [];

test.skipIf(!available).each(files)('sends what %s asks for and reads its answer', async (file) => {
  const example = read(file);
  const replay = REPLAYS[example.operationId];
  if (!replay) throw new Error(`No replay for ${example.operationId}.`);

  const hsm = await startScriptedHsm((_request, url) => replayed(example, url));
  onTestFinished(() => hsm.stop());
  const result = await replay.call(hsm.url, example);

  expect(hsm.authorized().map(({ method, path, body }) => ({ method, path, body }))).toEqual([
    { body: undefined, ...replay.request(example) },
  ]);
  expect(contentTypesOf(hsm.authorized())).toEqual(replay.request(example).body ? ['application/json'] : []);
  expect(result).toEqual(replay.result(example));
});

test.skipIf(!available)('has an example for every operation', () => {
  expect(files.map((file) => read(file).operationId).toSorted()).toEqual(Object.keys(REPLAYS).toSorted());
});

/** The example's answer, its URLs moved from the example's host to the server's. */
function replayed(example: Example, url: string) {
  const [[code, { headers = {}, body }] = ['500', { body: {} }]] = Object.entries(example.responses);
  const moved = Object.entries(headers).map(([name, value]) => [name, String(value).replace('https://myvault.vault.azure.net', url)]);
  return { status: Number(code), headers: Object.fromEntries(moved), body };
}

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

const contentTypesOf = (requests: readonly SeenRequest[]) => requests.flatMap(({ headers }) => headers['content-type'] ?? []);
