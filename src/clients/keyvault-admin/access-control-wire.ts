import type { KeyVaultPermission, KeyVaultRoleAssignment, KeyVaultRoleDefinition } from './access-control-models.ts';

/** A role definition as the service writes it. */
export type WireRoleDefinition = Readonly<{
  id: string;
  name: string;
  type: string;
  properties?: Readonly<{
    roleName?: string;
    description?: string;
    type?: string;
    permissions?: readonly KeyVaultPermission[];
    assignableScopes?: readonly string[];
  }>;
}>;

/** A role assignment as the service writes it. */
export type WireRoleAssignment = Readonly<{
  id: string;
  name: string;
  type: string;
  properties?: Readonly<{ principalId?: string; roleDefinitionId?: string; scope?: string }>;
}>;

export function toRoleDefinition({ id, name, type, properties = {} }: WireRoleDefinition): KeyVaultRoleDefinition {
  return {
    id,
    name,
    kind: type,
    roleName: properties.roleName ?? '',
    description: properties.description ?? '',
    roleType: properties.type ?? '',
    permissions: (properties.permissions ?? []).map(toPermission),
    assignableScopes: [...(properties.assignableScopes ?? [])],
  };
}

export function toRoleAssignment({ id, name, type, properties = {} }: WireRoleAssignment): KeyVaultRoleAssignment {
  const { principalId = '', roleDefinitionId = '', scope } = properties;
  return { id, name, kind: type, properties: { principalId, roleDefinitionId, ...(scope !== undefined && { scope }) } };
}

/** Only the fields that the service knows; wire and surface agree on them. */
export function toPermission({ actions, dataActions, notActions, notDataActions }: KeyVaultPermission): KeyVaultPermission {
  return {
    ...(actions && { actions: [...actions] }),
    ...(dataActions && { dataActions: [...dataActions] }),
    ...(notActions && { notActions: [...notActions] }),
    ...(notDataActions && { notDataActions: [...notDataActions] }),
  };
}
