import { describe, expect, test } from 'vitest';
import type { Duty } from '../../src/domain/duty.ts';
import { DUTY_ROLES } from '../../src/domain/rights/duty-roles.ts';
import { restoreGrants, type ServedHsm, standingGrants } from '../../src/domain/rights/grants.ts';
import type { Resource } from '../support/infra/compiled.ts';
import { resolved } from '../support/infra/resolved.ts';
import { permits, type Right, rightsIn, rightsOf } from '../support/infra/rights.ts';

const DUTIES: readonly Duty[] = ['backup', 'restore', 'rotate'];
const everything = resolved('everything');

/** `container contoso-hsm of hkbackup…`, without what differs from one environment to the next. */
const place = ({ scope }: Right): string =>
  scope
    .replace(/^.*\/providers\/Microsoft\.[^/]+\/[^/]+\//, '')
    .replace(/\/(blobServices|queueServices)\/default/, '')
    .replaceAll('tcyi37yy', '…');
const told = (right: Right): string =>
  `${right.role.replace(/ \(.*\)/, '')} on ${place(right)}${right.condition ? ', with a condition' : ''}`;
const table = (who: string): string[] => [...new Set(rightsOf(everything, who).map(told))].toSorted();

describe('the rights of each identity', () => {
  test('are all that the backup duty needs', () =>
    expect(table('backup')).toEqual([
      'Durable Task Data Contributor on dts-hsmkeep-…/taskHubs/backup',
      'Key Vault Secrets User on contoso-kv/secrets/webhook-signing',
      'Monitoring Metrics Publisher on appi-hsmkeep-…',
      'Storage Blob Data Contributor on hkbackup…/containers/contoso-drill',
      'Storage Blob Data Contributor on hkbackup…/containers/contoso-hsm',
      'Storage Blob Data Contributor on hkbackup…/containers/trial-hsm',
      'Storage Blob Data Contributor on hkstate…/containers/hsmkeep, with a condition',
      'Storage Blob Data Contributor on hkstate…/containers/hsmkeep-audit',
      'Storage Blob Data Contributor on hkworm…/containers/contoso-hsm',
      'Storage Blob Data Contributor on hkworm…/containers/trial-hsm',
      'Storage Blob Data Owner on hkhostbackup…',
      'Storage Queue Data Contributor on hkhostbackup…',
      'Storage Table Data Contributor on hkhostbackup…',
    ]));

  test('are all that the restore duty needs', () =>
    expect(table('restore')).toEqual([
      'Durable Task Data Contributor on dts-hsmkeep-…/taskHubs/restore',
      'Key Vault Secrets User on contoso-kv/secrets/webhook-signing',
      'Monitoring Metrics Publisher on appi-hsmkeep-…',
      'Storage Blob Data Contributor on hkbackup…/containers/contoso-drill, with a condition',
      'Storage Blob Data Contributor on hkbackup…/containers/contoso-hsm, with a condition',
      'Storage Blob Data Contributor on hkbackup…/containers/trial-hsm, with a condition',
      'Storage Blob Data Contributor on hkstate…/containers/hsmkeep',
      'Storage Blob Data Contributor on hkstate…/containers/hsmkeep-audit',
      'Storage Blob Data Owner on hkhostrestore…',
      'Storage Blob Data Reader on hkworm…/containers/contoso-hsm',
      'Storage Blob Data Reader on hkworm…/containers/trial-hsm',
      'Storage Queue Data Contributor on hkhostrestore…',
      'Storage Table Data Contributor on hkhostrestore…',
      'hsmkeep landing on hkbackup…, with a condition',
    ]));

  test('are all that the rotate duty needs', () =>
    expect(table('rotate')).toEqual([
      'Durable Task Data Contributor on dts-hsmkeep-…/taskHubs/rotate',
      'Key Vault Secrets User on contoso-kv/secrets/webhook-signing',
      'Monitoring Metrics Publisher on appi-hsmkeep-…',
      'Storage Account Key Operator Service Role on contosoapp',
      'Storage Blob Data Contributor on hkstate…/containers/hsmkeep, with a condition',
      'Storage Blob Data Contributor on hkstate…/containers/hsmkeep-audit',
      'Storage Blob Data Owner on hkhostrotate…',
      'Storage Queue Data Contributor on hkhostrotate…',
      'Storage Table Data Contributor on hkhostrotate…',
      'hsmkeep rotator on contoso-kv',
      'hsmkeep rotator on fabrikam-kv',
      'hsmkeep rotator on kv-hkescrow-…',
      'hsmkeep rotator on kv-hsmkeep-…',
    ]));

  test('let the HSMs write backups, and nothing else', () => expect(table('hsm')).toEqual(['Storage Blob Data Contributor on hkbackup…']));

  test('are given to nobody else', () => {
    const known = ['hsm', ...DUTIES].flatMap((who) => rightsOf(everything, who)).length;
    expect(rightsIn(everything)).toHaveLength(known);
  });
});

const READ_SECRET = 'Microsoft.KeyVault/vaults/secrets/getSecret/action';
const CONTAINER = 'Microsoft.Storage/storageAccounts/blobServices/containers';
const BLOB = `${CONTAINER}/blobs`;

/** What goes beyond a duty, in one line each. The same function judges the deployment and the deployments that are spoilt below. */
function excesses(resources: readonly Resource[]): string[] {
  return DUTIES.flatMap((duty) => rightsOf(resources, duty).flatMap((right) => excessesOf(duty, right).map((what) => `${duty}: ${what}`)));
}

function excessesOf(duty: Duty, right: Right): string[] {
  const may = (action: string): boolean => permits(right, action);
  const at = (pattern: RegExp): boolean => pattern.test(right.scope);
  const backups = at(/\/(hkbackup|hkworm)/) || !at(/\/providers\//);
  const rules: [boolean, string][] = [
    // What happens inside an HSM is for `hsmkeep setup` to permit; through Azure's own roles nobody gets near one.
    [['read', 'write', 'delete', 'keys/write'].some((verb) => may(`Microsoft.KeyVault/managedHSMs/${verb}`)), 'has a right on HSMs'],
    [may('Microsoft.KeyVault/managedHsm/restore/start/action'), 'may restore'],
    [may('Microsoft.Authorization/roleAssignments/write'), 'may give rights'],
    [may('Microsoft.Web/sites/write') || may('Microsoft.Web/sites/publish/action'), 'may change an app'],
    [duty === 'rotate' && backups && may(`${BLOB}/read`), 'reads backups'],
    [
      duty === 'restore' && backups && may(`${BLOB}/delete`) && !right.condition?.includes("StringStartsWith 'hsmkeep/'"),
      'deletes backups',
    ],
    [backups && duty !== 'backup' && may(`${CONTAINER}/delete`) && !at(/\/containers\//), 'deletes containers with backups'],
    [duty !== 'rotate' && may(READ_SECRET) && !at(/\/secrets\/[^/]+$/), 'reads secrets'],
    [may('Microsoft.KeyVault/vaults/secrets/purge/action') || may('Microsoft.KeyVault/vaults/secrets/delete'), 'deletes secrets'],
    [may(`${BLOB}/write`) && at(/\/hkhost/) && !at(new RegExp(`/hkhost${duty}`)), 'writes where another app has its code'],
    [
      duty !== 'restore' && at(/containers\/hsmkeep$/) && may(`${BLOB}/write`) && !/(plans\/).*(approvals\/)/.test(right.condition ?? ''),
      'writes plans and approvals',
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, what]) => what);
}

describe('a right outside a duty', () => {
  test.each(['default', 'everything'] as const)('is not in the example %s', (example) => expect(excesses(resolved(example))).toEqual([]));

  const CONTRIBUTOR = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe';
  const GROUP = '/subscriptions/s/resourceGroups/g/providers';
  const assignment = (duty: Duty, role: string, scope: string): Resource => ({
    type: 'Microsoft.Authorization/roleAssignments',
    apiVersion: '2022-04-01',
    name: 'spoilt',
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/spoilt`,
    properties: { principalId: `principal of id-hsmkeep-${duty}-x`, roleDefinitionId: `/x/roleDefinitions/${role}` },
  });
  const customRole = (dataAction: string): Resource => ({
    type: 'Microsoft.Authorization/roleDefinitions',
    apiVersion: '2022-04-01',
    name: 'spoilt-role',
    id: 'spoilt-role',
    properties: { roleName: 'spoilt', permissions: [{ actions: [dataAction], dataActions: [dataAction] }] },
  });

  test.each<[string, Resource[]]>([
    ['rotate: reads backups', [assignment('rotate', CONTRIBUTOR, `${GROUP}/Microsoft.Storage/storageAccounts/hkbackupx`)]],
    ['rotate: reads backups', [assignment('rotate', CONTRIBUTOR, '/subscriptions/s/resourceGroups/g')]],
    [
      'restore: deletes containers with backups',
      [assignment('restore', CONTRIBUTOR, `${GROUP}/Microsoft.Storage/storageAccounts/hkbackupx`)],
    ],
    ['restore: deletes backups', [assignment('restore', CONTRIBUTOR, `${GROUP}/Microsoft.Storage/storageAccounts/hkbackupx`)]],
    [
      'rotate: writes where another app has its code',
      [assignment('rotate', CONTRIBUTOR, `${GROUP}/Microsoft.Storage/storageAccounts/hkhostbackupx`)],
    ],
    [
      'backup: writes plans and approvals',
      [assignment('backup', CONTRIBUTOR, `${GROUP}/Microsoft.Storage/storageAccounts/hkstatex/blobServices/default/containers/hsmkeep`)],
    ],
    [
      'backup: reads secrets',
      [assignment('backup', '4633458b-17de-408a-b874-0445c86b69e6', `${GROUP}/Microsoft.KeyVault/vaults/contoso-kv`)],
    ],
    ['backup: may restore', [customRole('Microsoft.KeyVault/managedHsm/*'), assignment('backup', 'spoilt-role', GROUP)]],
    ['rotate: has a right on HSMs', [customRole('Microsoft.KeyVault/managedHSMs/*'), assignment('rotate', 'spoilt-role', GROUP)]],
    ['rotate: deletes secrets', [customRole('Microsoft.KeyVault/vaults/secrets/*'), assignment('rotate', 'spoilt-role', GROUP)]],
    ['restore: may give rights', [customRole('*'), assignment('restore', 'spoilt-role', GROUP)]],
    ['backup: may change an app', [customRole('Microsoft.Web/*'), assignment('backup', 'spoilt-role', GROUP)]],
  ])('is found: %s', (told, more) => expect(excesses([...everything, ...more])).toContain(told));

  test('of a role that nobody knows is found', () => {
    const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
    expect(() => rightsIn([assignment('backup', owner, GROUP)])).toThrow(`role ${owner} of principal of id-hsmkeep-backup-x is not known`);
  });
});

describe('the rights inside an HSM, which `hsmkeep setup` gives', () => {
  const served: ServedHsm = {
    name: 'contoso-hsm',
    kind: 'kept',
    preRestore: true,
    repairRoles: true,
    canaryKey: 'canary',
    drilledKeys: ['canary'],
  };
  const actionsOf = (duty: Duty): string[] =>
    [...standingGrants(served), ...standingGrants({ ...served, kind: 'drill' }), ...restoreGrants(served)]
      .filter((grant) => grant.duty === duty)
      .flatMap(({ role }) => DUTY_ROLES[role].actions);

  test('let the backup duty restore, change and use nothing', () => {
    expect(new Set(actionsOf('backup'))).toEqual(
      new Set([
        'backup/start/action',
        'backup/status/action',
        'keys/read/action',
        'keys/deletedKeys/read/action',
        'roleDefinitions/read/action',
        'roleAssignments/read/action',
      ]),
    );
  });

  test('let the rotate duty do nothing', () => expect(actionsOf('rotate')).toEqual([]));

  test('let the restore duty take no backup', () => expect(actionsOf('restore')).not.toContain('backup/start/action'));
});
