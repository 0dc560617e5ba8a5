/** Every data action of a managed HSM begins so. */
export const DATA_ACTION_PREFIX = 'Microsoft.KeyVault/managedHsm/';

export type BuiltInRole = Readonly<{ roleName: string; name: string; dataActions: readonly string[] }>;

const ROLE_ADMINISTRATION = [
  'roleAssignments/delete/action',
  'roleAssignments/read/action',
  'roleAssignments/write/action',
  'roleDefinitions/read/action',
  'roleDefinitions/write/action',
  'roleDefinitions/delete/action',
];

/** As served in April 2026, in that order; data actions without the prefix. Some rightly have no `/action` at the end. */
const SERVED: readonly (readonly [roleName: string, name: string, dataActions: readonly string[]])[] = [
  ['EKM Administrator', 'abdd7ec4-a273-4265-bf38-e001014e2d8e', ['ekm/read/action', 'ekm/write/action', 'ekm/delete/action']],
  ['Restore User', '6efe6056-5259-49d2-8b3d-d3d73544b20b', ['restore/start/action', 'restore/status/action', 'keys/restore/action']],
  ['Backup User', '7b127d3c-77bd-4e3e-bbe0-dbb8971fa7f8', ['backup/start/action', 'backup/status/action', 'keys/backup/action']],
  [
    'Crypto Service Encryption User',
    '33413926-3206-4cdd-b39a-83574fe37a17',
    ['keys/read/action', 'keys/wrap/action', 'keys/unwrap/action'],
  ],
  ['Crypto Service Release User', '21dbd100-6940-42c2-9190-5d6cb909625c', ['keys/release/action']],
  [
    'Crypto Auditor',
    '2c18b078-7c48-4d3a-af88-5a3a1b3f82b3',
    ['roleAssignments/read/action', 'roleDefinitions/read/action', 'keys/read/action', 'keys/deletedKeys/read/action'],
  ],
  [
    'Policy Administrator',
    '4bd23610-cdcf-4971-bdee-bdc562cc28e4',
    [
      'roleDefinitions/read/action',
      'roleDefinitions/write/action',
      'roleDefinitions/delete/action',
      'roleAssignments/read/action',
      'roleAssignments/write/action',
      'roleAssignments/delete/action',
    ],
  ],
  [
    'Crypto User',
    '21dbd100-6940-42c2-9190-5d6cb909625b',
    [
      'roleDefinitions/read/action',
      'roleAssignments/read/action',
      'keys/read/action',
      'keys/write/action',
      'keys/delete',
      'keys/create',
      'keys/rotate/action',
      'keys/import/action',
      'keys/release/action',
      'keys/backup/action',
      'keys/restore/action',
      'keys/encrypt/action',
      'keys/decrypt/action',
      'keys/wrap/action',
      'keys/unwrap/action',
      'keys/sign/action',
      'keys/verify/action',
      'keys/derive/action',
      'rng/action',
    ],
  ],
  [
    'Crypto Officer',
    '515eb02d-2335-4d2d-92f2-b1cbdf9c3778',
    [
      ...ROLE_ADMINISTRATION,
      'keys/deletedKeys/read/action',
      'keys/deletedKeys/delete',
      'keys/deletedKeys/recover/action',
      'keys/export/action',
    ],
  ],
  [
    'Administrator',
    'a290e904-7015-4bba-90c8-60543313cdb4',
    [
      ...ROLE_ADMINISTRATION,
      'securitydomain/download/action',
      'securitydomain/download/read',
      'securitydomain/upload/action',
      'securitydomain/upload/read',
      'securitydomain/transferkey/read',
      'backup/start/action',
      'restore/start/action',
      'backup/status/action',
      'restore/status/action',
      'settings/read/action',
      'settings/write/action',
    ],
  ],
];

const ROLE_NAME_PREFIX = 'Managed HSM ';

export const BUILT_IN_ROLES: readonly BuiltInRole[] = SERVED.map(([roleName, name, dataActions]) => ({
  roleName: `${ROLE_NAME_PREFIX}${roleName}`,
  name,
  dataActions: dataActions.map((action) => `${DATA_ACTION_PREFIX}${action}`),
}));

/** The built-in role of this name, with or without `Managed HSM ` before it. */
export const builtInRole = (roleName: string): BuiltInRole | undefined =>
  BUILT_IN_ROLES.find((role) => [role.roleName, role.roleName.slice(ROLE_NAME_PREFIX.length)].includes(roleName));
