import type { KeyItem } from '../../../src/domain/inventory.ts';
import type { HsmContent, RoleAssignmentItem, RoleDefinitionItem } from '../../../src/domain/restore/content.ts';
import { diffContent } from '../../../src/domain/restore/diff.ts';
import type { RestorePlan } from '../../../src/domain/restore/plan.ts';

export const key = (name: string, ...versions: string[]): KeyItem => ({
  name,
  tags: {},
  versions: versions.map((version) => ({ version, enabled: true, createdAt: null, updatedAt: null })),
});

export const role = (name: string, roleName: string, custom = false): RoleDefinitionItem => ({ name, roleName, custom, permissions: [] });

export const assignment = (principalId: string, roleId = 'r1', scope = '/'): RoleAssignmentItem => ({
  name: `${principalId}-${roleId}`,
  principalId,
  roleDefinitionId: `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
  scope,
});

export const content = (changes: Partial<HsmContent> = {}): HsmContent => ({
  keys: [],
  deletedKeys: [],
  roleDefinitions: [role('r1', 'Managed HSM Crypto User')],
  roleAssignments: [],
  settings: [],
  ...changes,
});

export const plan = (changes: Partial<RestorePlan> = {}): RestorePlan => ({
  schema: 'hsmkeep.restore-plan/1',
  id: 'restore-contoso-20261122T100000000Z',
  hash: 'a'.repeat(64),
  requestedBy: { oid: 'alice-oid', name: 'alice' },
  plannedAt: '2026-11-22T10:00:00.000Z',
  expiresAt: '2026-11-22T14:00:00.000Z',
  source: 'contoso',
  target: 'contoso',
  container: 'https://s/c',
  folder: 'mhsm-contoso-2026112202000000',
  takenAt: '2026-11-22T02:00:00.000Z',
  proof: 'L1',
  manifestSha256: 'b'.repeat(64),
  scope: 'full',
  diff: diffContent(content(), content()),
  uncertain: [],
  preflights: [],
  ...changes,
});
