import type { Arm } from '../../clients/arm.ts';
import type { VaultRoles } from '../../domain/doctor/vault-rights.ts';

const AUTHORIZATION = '2022-04-01';

type Assignment = Readonly<{ properties: Readonly<{ principalId: string; roleDefinitionId: string }> }>;
type Definition = Readonly<{
  properties: Readonly<{ permissions?: readonly Readonly<{ dataActions?: readonly string[]; notDataActions?: readonly string[] }>[] }>;
}>;

/**
 * Who has which roles on a vault, also those that are given above it. Members of groups do not show, only the groups.
 *
 * @param id Resource id of the vault.
 * @throws {RefusedError} {TransientError}
 */
export async function readVaultRoles(arm: Arm, id: string): Promise<VaultRoles> {
  const path = `${id}/providers/Microsoft.Authorization/roleAssignments`;
  const assignments = await arm.list<Assignment>(path, AUTHORIZATION, `&$filter=${encodeURIComponent('atScope()')}`);
  const roleIds = [...new Set(assignments.map(({ properties }) => properties.roleDefinitionId))];
  const definitions = await Promise.all(
    roleIds.map(async (role) => [role, (await arm.get<Definition>(role, AUTHORIZATION))?.properties.permissions ?? []] as const),
  );
  const permissionsOf = new Map(definitions);
  return {
    id,
    holders: assignments.map(({ properties: { principalId, roleDefinitionId } }) => ({
      principalId,
      permissions: (permissionsOf.get(roleDefinitionId) ?? []).map(({ dataActions = [], notDataActions = [] }) => ({
        dataActions,
        notDataActions,
      })),
    })),
  };
}
