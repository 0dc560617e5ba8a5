import type { OperationOptions } from '@azure-rest/core-client';
import type { AdminClientOptions } from './client-options.ts';

/** Options of {@link KeyVaultAccessControlClient}. */
export interface AccessControlClientOptions extends AdminClientOptions {}

/** Where a role applies: `/`, `/keys` or `/keys/<name>`. @see KnownKeyVaultRoleScope */
export type KeyVaultRoleScope = string;

/** A right on data, such as `Microsoft.KeyVault/managedHsm/backup/start/action`. @see KnownKeyVaultDataAction */
export type KeyVaultDataAction = string;

/** What a role allows, less what it excludes. */
export interface KeyVaultPermission {
  /** Management actions; the service has none so far. */
  actions?: string[];
  dataActions?: KeyVaultDataAction[];
  notActions?: string[];
  notDataActions?: KeyVaultDataAction[];
}

/** A role: built in, or made by `setRoleDefinition`. */
export interface KeyVaultRoleDefinition {
  readonly id: string;
  /** A GUID. */
  readonly name: string;
  /** `Microsoft.Authorization/roleDefinitions` */
  readonly kind: string;
  /** The name that people read; not unique. */
  roleName: string;
  description: string;
  /** `AKVBuiltInRole` or `CustomRole`. */
  roleType: string;
  permissions: KeyVaultPermission[];
  assignableScopes: string[];
}

/** Who has which role where. */
export interface KeyVaultRoleAssignmentProperties {
  /** Object id of a user, group or service principal. */
  principalId: string;
  /** `id` of the role definition. */
  roleDefinitionId: string;
  scope?: KeyVaultRoleScope;
}

/** A role given to somebody. */
export interface KeyVaultRoleAssignment {
  readonly id: string;
  /** A GUID, chosen by whoever made the assignment. */
  readonly name: string;
  /** `Microsoft.Authorization/roleAssignments` */
  readonly kind: string;
  properties: KeyVaultRoleAssignmentProperties;
}

/** Options of `createRoleAssignment`. */
export interface CreateRoleAssignmentOptions extends OperationOptions {}
/** Options of `deleteRoleAssignment`. */
export interface DeleteRoleAssignmentOptions extends OperationOptions {}
/** Options of `getRoleAssignment`. */
export interface GetRoleAssignmentOptions extends OperationOptions {}
/** Options of `listRoleAssignments`. */
export interface ListRoleAssignmentsOptions extends OperationOptions {}
/** Options of `deleteRoleDefinition`. */
export interface DeleteRoleDefinitionOptions extends OperationOptions {}
/** Options of `getRoleDefinition`. */
export interface GetRoleDefinitionOptions extends OperationOptions {}
/** Options of `listRoleDefinitions`. */
export interface ListRoleDefinitionsOptions extends OperationOptions {}

/** Options of `setRoleDefinition`. An update replaces the whole role: what is left out is emptied. */
export interface SetRoleDefinitionOptions extends OperationOptions {
  /** The role to replace, or the GUID of a new one; by default a new GUID. */
  roleDefinitionName?: string;
  /** The name that people read. */
  roleName?: string;
  description?: string;
  permissions?: KeyVaultPermission[];
  /** Ignored: a role is assignable at the scope that it is made at. */
  assignableScopes?: KeyVaultRoleScope[];
}

/** Where to go on with a list of role assignments. */
export interface ListRoleAssignmentsPageSettings {
  /** `continuationToken` of an earlier page. */
  continuationToken?: string;
}

/** Where to go on with a list of role definitions. */
export interface ListRoleDefinitionsPageSettings {
  /** `continuationToken` of an earlier page. */
  continuationToken?: string;
}
