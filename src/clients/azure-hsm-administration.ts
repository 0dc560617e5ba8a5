import type { KeyVaultAccessControlClient, KeyVaultRoleAssignment, KeyVaultRoleDefinition, KeyVaultSettingsClient } from '#keyvault-admin';
import { administrationRefused } from '../domain/rights/problems.ts';
import { type RoleAssignment, type RoleDefinition, roleGuid } from '../domain/rights/roles.ts';
import { type Access, readingOptions } from './access.ts';
import { unlessMissing } from './azure-canary-keys.ts';
import { callerId } from './caller-id.ts';
import { RefusedError, TransientError } from './errors.ts';
import type { HsmAdministration } from './hsm-administration.ts';
import { firstProtection } from './protection.ts';
import { isRefusal, sortSdkError } from './sdk-errors.ts';

const DEADLINE_MS = 30_000;
const HSM = '/';

/** Role definitions are named by a path that has neither a leading slash nor a scope. */
const DEFINITION_PATH = 'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/';

type Clients = Readonly<{ access: KeyVaultAccessControlClient; settings: KeyVaultSettingsClient }>;

/**
 * Administration of an HSM through the official clients' surface.
 *
 * @param url `https://<hsm>.managedhsm.azure.net`
 */
export function azureHsmAdministration(name: string, url: string, { credential, ca }: Access): HsmAdministration {
  let loaded: Promise<Clients> | undefined;
  const load = async (): Promise<Clients> => {
    const admin = await import('#keyvault-admin');
    const options = readingOptions(url, ca);
    return {
      access: new admin.KeyVaultAccessControlClient(url, credential, options),
      settings: new admin.KeyVaultSettingsClient(url, credential, options),
    };
  };
  const ask = async <T>(doing: string, work: (clients: Clients, options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T> => {
    try {
      loaded ??= load();
      return await work(await loaded, { abortSignal: AbortSignal.timeout(DEADLINE_MS) });
    } catch (error) {
      throw translate(name, doing, error);
    }
  };

  return {
    name,
    url,

    roleDefinitions: (scope = HSM) =>
      ask('list its role definitions', async ({ access }, options) => all(access.listRoleDefinitions(scope, options), toDefinition)),

    roleDefinition: (id, scope = HSM) =>
      ask('read a role definition', async ({ access }, options) => {
        const found = await unlessMissing(access.getRoleDefinition(scope, id, options));
        return found && toDefinition(found);
      }),

    setRoleDefinition: ({ id, roleName, description, permissions }, scope = HSM) =>
      ask('set a role definition', async ({ access }, options) => {
        const copied = permissions.map(({ dataActions, notDataActions }) => ({
          dataActions: [...dataActions],
          notDataActions: [...notDataActions],
        }));
        const role = { roleDefinitionName: id, roleName, description, permissions: copied };
        return toDefinition(await access.setRoleDefinition(scope, { ...role, ...options }));
      }),

    deleteRoleDefinition: (id, scope = HSM) =>
      ask('delete a role definition', ({ access }, options) => access.deleteRoleDefinition(scope, id, options)),

    roleAssignments: (scope = HSM) =>
      ask('list its role assignments', async ({ access }, options) => all(access.listRoleAssignments(scope, options), toAssignment)),

    roleAssignment: (id, scope = HSM) =>
      ask('read a role assignment', async ({ access }, options) => {
        const found = await unlessMissing(access.getRoleAssignment(scope, id, options));
        return found && toAssignment(found);
      }),

    assignRole: ({ id, principalId, role, scope }) =>
      ask('give a role', async ({ access }, options) => {
        try {
          await access.createRoleAssignment(scope, id, `${DEFINITION_PATH}${role}`, principalId, options);
          return 'made';
        } catch (error) {
          if (codeOf(error) === 'MatchingRoleAssignmentExists') return 'there';
          throw error;
        }
      }),

    deleteRoleAssignment: (id, scope = HSM) =>
      ask('take a role away', ({ access }, options) => access.deleteRoleAssignment(scope, id, options)),

    settings: () =>
      ask('read its settings', async ({ settings }, options) => (await settings.getSettings(options)).settings.map(toSetting)),
    setting: (setting) => ask('read a setting', async ({ settings }, options) => toSetting(await settings.getSetting(setting, options))),
    setSetting: (setting) =>
      ask('change a setting', async ({ settings }, options) => toSetting(await settings.updateSetting({ ...setting }, options))),

    protection: () =>
      ask('list its keys', async (_clients, options) => {
        const { KeyClient } = await import('@azure/keyvault-keys');
        return firstProtection(new KeyClient(url, credential, readingOptions(url, ca)).listPropertiesOfKeys(options));
      }),

    callerId: () => ask('tell who asks', (_clients, { abortSignal }) => callerId(url, credential, abortSignal)),
  };
}

const toDefinition = ({ name, roleName, roleType, description, permissions }: KeyVaultRoleDefinition): RoleDefinition => ({
  id: name,
  roleName,
  description,
  kind: roleType === 'CustomRole' ? 'custom' : 'built-in',
  permissions: permissions.map(({ dataActions = [], notDataActions = [] }) => ({ dataActions, notDataActions })),
});

const toAssignment = ({ name, properties }: KeyVaultRoleAssignment): RoleAssignment => ({
  id: name,
  principalId: properties.principalId,
  role: roleGuid(properties.roleDefinitionId),
  scope: properties.scope ?? HSM,
});

const toSetting = ({ name, value }: Readonly<{ name: string; value: unknown }>) => ({
  name,
  value: typeof value === 'boolean' ? value : String(value),
});

async function all<From, To>(items: AsyncIterable<From>, to: (item: From) => To): Promise<To[]> {
  const found: To[] = [];
  for await (const item of items) found.push(to(item));
  return found;
}

const codeOf = (error: unknown): string | undefined =>
  (error as { details?: { error?: { code?: string } } }).details?.error?.code ?? (error as { code?: string }).code;

function translate(name: string, doing: string, error: unknown): Error {
  if (error instanceof RefusedError || error instanceof TransientError) return error;
  const failure = sortSdkError(error);
  if (isRefusal(failure) && failure.kind !== 'throttled') return new RefusedError(failure, administrationRefused(name, doing, failure));
  return new TransientError(`${name} did not ${doing} (${failure.code}: ${failure.detail})`);
}
