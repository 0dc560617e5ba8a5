/** A role assignment of Azure Resource Manager, as far as it is read. */
export type VaultAssignment = Readonly<{
  properties?: Readonly<{ principalId?: string; roleDefinitionId?: string }>;
}>;

/**
 * Built-in roles with which the values of a vault's secrets can be read.
 *
 * @see https://learn.microsoft.com/azure/key-vault/general/rbac-guide#azure-built-in-roles-for-key-vault-data-plane-operations
 */
const READING: ReadonlySet<string> = new Set([
  '00482a5a-887f-4fb3-b363-3b7fe8e74483', // Key Vault Administrator
  'b86a8fe4-44ce-4948-aee5-eccb2c155cd7', // Key Vault Secrets Officer
  '4633458b-17de-408a-b874-0445c86b69e6', // Key Vault Secrets User
]);

/**
 * Object ids of everybody with a built-in role that reads secrets, each once. Custom roles are not looked into, and an owner of the
 * vault can give itself such a role.
 */
export function readersIn(assignments: readonly VaultAssignment[]): string[] {
  const readers = assignments.flatMap(({ properties: { principalId, roleDefinitionId = '' } = {} }) =>
    principalId !== undefined && READING.has(roleDefinitionId.slice(roleDefinitionId.lastIndexOf('/') + 1).toLowerCase())
      ? [principalId]
      : [],
  );
  return [...new Set(readers)].sort();
}
