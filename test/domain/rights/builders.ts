import { DUTY_ROLES, type RoleKey } from '../../../src/domain/rights/duty-roles.ts';
import type { ServedHsm } from '../../../src/domain/rights/grants.ts';
import type { RoleAssignment } from '../../../src/domain/rights/roles.ts';

export const BACKUP = '11111111-aaaa-4bbb-8ccc-000000000001';
export const RESTORE = '22222222-aaaa-4bbb-8ccc-000000000002';

export const served = (hsm: Partial<ServedHsm>): ServedHsm => ({
  name: 'contoso-hsm',
  kind: 'kept',
  preRestore: false,
  repairRoles: false,
  canaryKey: null,
  drilledKeys: [],
  ...hsm,
});

export const assignment = ({
  role,
  principalId,
  scope = '/',
}: Readonly<{ role: RoleKey; principalId: string; scope?: string }>): RoleAssignment => ({
  id: `${role}-of-${principalId}-at-${scope}`,
  principalId,
  role: DUTY_ROLES[role].id,
  scope,
});
