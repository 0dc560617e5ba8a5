import { BUILT_IN_ROLES, type Permissions } from './built-in-roles.ts';
import type { Resource } from './compiled.ts';
import { evaluate } from './expressions.ts';
import { azureSays, ofType } from './resolved.ts';

/** One role that an identity is given in a deployment. */
export type Right = Permissions &
  Readonly<{
    /** The identity's name, such as `id-hsmkeep-backup-…`. */
    identity: string;
    role: string;
    /** Resource id that it holds for, and for all below it. */
    scope: string;
    /** A condition on what it holds for, in Azure's words. */
    condition: string | null;
  }>;

/** Every right that a deployment gives. @throws when a role's permissions are not known. */
export function rightsIn(resources: readonly Resource[]): Right[] {
  const custom = Object.fromEntries(
    ofType(resources, 'Microsoft.Authorization/roleDefinitions').map((role) => [role.name, permissionsOf(role)]),
  );
  return ofType(resources, 'Microsoft.Authorization/roleAssignments').map((assignment) => {
    const { roleDefinitionId = '', principalId = '', condition } = assignment.properties as Record<string, string | undefined>;
    const id = roleDefinitionId.split('/').at(-1) ?? '';
    const permissions = custom[id] ?? BUILT_IN_ROLES[id];
    if (!permissions) throw new Error(`role ${id} of ${principalId} is not known`);
    const scope = String(evaluate(assignment.id, azureSays)).split('/providers/Microsoft.Authorization/')[0] ?? '';
    return {
      identity: principalId.replace('principal of ', ''),
      role: permissions.name,
      scope,
      condition: condition ?? null,
      actions: permissions.actions,
      dataActions: permissions.dataActions,
    };
  });
}

export const rightsOf = (resources: readonly Resource[], who: string): Right[] =>
  rightsIn(resources).filter(({ identity }) => identity.startsWith(`id-hsmkeep-${who}-`));

/** Whether a right permits an action, wildcards unfolded. Conditions are not looked at. */
export const permits = ({ actions, dataActions }: Permissions, wanted: string): boolean =>
  [...actions, ...dataActions].some((pattern) => matcher(pattern).test(wanted));

const matcher = (pattern: string): RegExp => new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i');

function permissionsOf({ properties }: Resource): Permissions & { name: string } {
  const { roleName, permissions } = properties as { roleName: string; permissions: readonly Permissions[] };
  return {
    name: roleName,
    actions: permissions.flatMap(({ actions }) => actions),
    dataActions: permissions.flatMap(({ dataActions }) => dataActions),
  };
}
