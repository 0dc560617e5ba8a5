import type { PagedAsyncIterableIterator } from '@azure/core-paging';
import { expect, expectTypeOf, test } from 'vitest';
import * as admin from '../../../src/clients/keyvault-admin/index.ts';

/** The surface of @azure/keyvault-admin 4.7: what is called by name must be here, or the two packages are not interchangeable. */
test('exports what the official package exports', () => {
  expect(Object.keys(admin).toSorted()).toEqual([
    'KeyVaultAccessControlClient',
    'KeyVaultBackupClient',
    'KeyVaultSettingsClient',
    'KnownKeyVaultDataAction',
    'KnownKeyVaultRoleScope',
    'LATEST_API_VERSION',
    'SDK_VERSION',
    'isBooleanSetting',
  ]);
  expect(admin.LATEST_API_VERSION).toBe('7.6');
  expectTypeOf<admin.SUPPORTED_API_VERSIONS>().toEqualTypeOf<'7.2' | '7.3' | '7.4' | '7.5' | '7.6'>();
});

test('names every data action of the official package once', () => {
  const actions = Object.values(admin.KnownKeyVaultDataAction);
  expect(actions).toHaveLength(34);
  expect(new Set(actions).size).toBe(34);
  expect(actions.every((action) => action.startsWith('Microsoft.KeyVault/managedHsm/'))).toBe(true);
  expect(admin.KnownKeyVaultRoleScope).toEqual({ Global: '/', Keys: '/keys' });
});

test('keeps the address it was made with', () => {
  const credential = { getToken: async () => null };
  for (const Client of [admin.KeyVaultAccessControlClient, admin.KeyVaultBackupClient, admin.KeyVaultSettingsClient]) {
    expect(new Client('https://examplehsm.managedhsm.azure.net/', credential).vaultUrl).toBe('https://examplehsm.managedhsm.azure.net/');
  }
});

test('has the types of the official package', () => {
  type Backup = admin.KeyVaultBackupClient;
  type BackupPoller = admin.PollerLike<admin.KeyVaultBackupOperationState, admin.KeyVaultBackupResult>;
  type RestorePoller = admin.PollerLike<admin.KeyVaultRestoreOperationState, admin.KeyVaultRestoreResult>;
  type KeyPoller = admin.PollerLike<admin.KeyVaultSelectiveKeyRestoreOperationState, admin.KeyVaultSelectiveKeyRestoreResult>;
  expectTypeOf<Backup['beginBackup']>().returns.resolves.toEqualTypeOf<BackupPoller>();
  expectTypeOf<Backup['beginPreBackup']>().returns.resolves.toEqualTypeOf<BackupPoller>();
  expectTypeOf<Backup['beginRestore']>().returns.resolves.toEqualTypeOf<RestorePoller>();
  expectTypeOf<Backup['beginPreRestore']>().returns.resolves.toEqualTypeOf<RestorePoller>();
  expectTypeOf<Backup['beginSelectiveKeyRestore']>().returns.resolves.toEqualTypeOf<KeyPoller>();

  type Roles = admin.KeyVaultAccessControlClient;
  expectTypeOf<Roles['listRoleAssignments']>().returns.toEqualTypeOf<PagedAsyncIterableIterator<admin.KeyVaultRoleAssignment>>();
  expectTypeOf<Roles['listRoleDefinitions']>().returns.toEqualTypeOf<PagedAsyncIterableIterator<admin.KeyVaultRoleDefinition>>();
  expectTypeOf<Roles['deleteRoleAssignment']>().returns.resolves.toBeVoid();
  expectTypeOf<Roles['createRoleAssignment']>().parameters.toEqualTypeOf<
    [
      roleScope: string,
      name: string,
      roleDefinitionId: string,
      principalId: string,
      options?: admin.CreateRoleAssignmentOptions | undefined,
    ]
  >();

  type Settings = admin.KeyVaultSettingsClient;
  expectTypeOf<Settings['getSettings']>().returns.resolves.toEqualTypeOf<admin.ListSettingsResponse>();
  expectTypeOf<Settings['updateSetting']>().parameter(0).toEqualTypeOf<admin.KeyVaultSetting>();
});
