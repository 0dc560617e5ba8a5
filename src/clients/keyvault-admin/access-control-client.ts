import { randomUUID } from 'node:crypto';
import type { TokenCredential } from '@azure/core-auth';
import type { PagedAsyncIterableIterator } from '@azure/core-paging';
import { type HttpResponse, type OperationOptions, operationOptionsToRequestParameters } from '@azure-rest/core-client';
import type {
  AccessControlClientOptions,
  CreateRoleAssignmentOptions,
  DeleteRoleAssignmentOptions,
  DeleteRoleDefinitionOptions,
  GetRoleAssignmentOptions,
  GetRoleDefinitionOptions,
  KeyVaultRoleAssignment,
  KeyVaultRoleDefinition,
  KeyVaultRoleScope,
  ListRoleAssignmentsOptions,
  ListRoleDefinitionsOptions,
  SetRoleDefinitionOptions,
} from './access-control-models.ts';
import { toPermission, toRoleAssignment, toRoleDefinition } from './access-control-wire.ts';
import { type Connection, connect } from './connection.ts';
import { listPages } from './paging.ts';
import { rolePath } from './paths.ts';
import { bodyOf } from './responses.ts';

/**
 * Manages the local role-based access control of a Managed HSM: who may do what with its keys, backups and settings.
 * Scopes are `/`, `/keys` and `/keys/<name>`.
 *
 * @see https://learn.microsoft.com/azure/key-vault/managed-hsm/access-control
 */
export class KeyVaultAccessControlClient {
  /** The HSM's address, as given. */
  readonly vaultUrl: string;
  readonly #connection: Connection;

  /** @param vaultUrl `https://<hsm>.managedhsm.azure.net` */
  constructor(vaultUrl: string, credential: TokenCredential, options: AccessControlClientOptions = {}) {
    this.vaultUrl = vaultUrl;
    this.#connection = connect(vaultUrl, credential, options);
  }

  /**
   * Gives a role to somebody.
   *
   * @param name A GUID for the assignment, chosen by the caller.
   * @param roleDefinitionId `id` of a role definition.
   * @param principalId Object id of a user, group or service principal.
   * @throws {RestError} 400 `MatchingRoleAssignmentExists` when the principal has the role there already
   */
  async createRoleAssignment(
    roleScope: KeyVaultRoleScope,
    name: string,
    roleDefinitionId: string,
    principalId: string,
    options: CreateRoleAssignmentOptions = {},
  ): Promise<KeyVaultRoleAssignment> {
    const body = { properties: { roleDefinitionId, principalId } };
    const response = await this.#put(rolePath(roleScope, 'roleAssignments', name), body, options);
    return toRoleAssignment(bodyOf(response, '201', '200'));
  }

  /** Idempotent: resolves also when there is no such assignment. */
  async deleteRoleAssignment(roleScope: KeyVaultRoleScope, name: string, options: DeleteRoleAssignmentOptions = {}): Promise<void> {
    bodyOf(await this.#delete(rolePath(roleScope, 'roleAssignments', name), options), '200', '204', '404');
  }

  /** @throws {RestError} 404 `RoleAssignmentNotFound` */
  async getRoleAssignment(
    roleScope: KeyVaultRoleScope,
    name: string,
    options: GetRoleAssignmentOptions = {},
  ): Promise<KeyVaultRoleAssignment> {
    return toRoleAssignment(bodyOf(await this.#get(rolePath(roleScope, 'roleAssignments', name), options), '200'));
  }

  /** The assignments at a scope. The lists of `/` and `/keys` are the same; those of a single key are only in its own. */
  listRoleAssignments(
    roleScope: KeyVaultRoleScope,
    options: ListRoleAssignmentsOptions = {},
  ): PagedAsyncIterableIterator<KeyVaultRoleAssignment> {
    const path = rolePath(roleScope, 'roleAssignments');
    return listPages(this.#connection, path, (link) => this.#get(link, options), toRoleAssignment);
  }

  /**
   * Makes a role, or replaces one as a whole. It becomes assignable at `roleScope`.
   *
   * @throws {RestError} 400 `BadParameter` when the name is no GUID or that of a built-in role
   */
  async setRoleDefinition(roleScope: KeyVaultRoleScope, options: SetRoleDefinitionOptions = {}): Promise<KeyVaultRoleDefinition> {
    const { roleDefinitionName = randomUUID(), roleName, description, permissions } = options;
    const body = {
      properties: {
        ...(roleName !== undefined && { roleName }),
        ...(description !== undefined && { description }),
        type: 'CustomRole',
        ...(permissions && { permissions: permissions.map(toPermission) }),
        assignableScopes: [roleScope],
      },
    };
    const response = await this.#put(rolePath(roleScope, 'roleDefinitions', roleDefinitionName), body, options);
    return toRoleDefinition(bodyOf(response, '201', '200'));
  }

  /**
   * Idempotent: resolves also when there is no such role.
   *
   * @throws {RestError} 400 `BadParameter` for a built-in role
   */
  async deleteRoleDefinition(roleScope: KeyVaultRoleScope, name: string, options: DeleteRoleDefinitionOptions = {}): Promise<void> {
    bodyOf(await this.#delete(rolePath(roleScope, 'roleDefinitions', name), options), '200', '204', '404');
  }

  /** @throws {RestError} 404 `RoleDefinitionNotFound` */
  async getRoleDefinition(
    roleScope: KeyVaultRoleScope,
    name: string,
    options: GetRoleDefinitionOptions = {},
  ): Promise<KeyVaultRoleDefinition> {
    return toRoleDefinition(bodyOf(await this.#get(rolePath(roleScope, 'roleDefinitions', name), options), '200'));
  }

  /** All roles, built in and custom. */
  listRoleDefinitions(
    roleScope: KeyVaultRoleScope,
    options: ListRoleDefinitionsOptions = {},
  ): PagedAsyncIterableIterator<KeyVaultRoleDefinition> {
    const path = rolePath(roleScope, 'roleDefinitions');
    return listPages(this.#connection, path, (link) => this.#get(link, options), toRoleDefinition);
  }

  async #get(pathOrUrl: string, options: OperationOptions): Promise<HttpResponse> {
    return this.#connection.repeatable.pathUnchecked(pathOrUrl).get(operationOptionsToRequestParameters(options));
  }

  async #put(path: string, body: unknown, options: OperationOptions): Promise<HttpResponse> {
    const parameters = { ...operationOptionsToRequestParameters(options), contentType: 'application/json', body };
    return this.#connection.repeatable.pathUnchecked(path).put(parameters);
  }

  async #delete(path: string, options: OperationOptions): Promise<HttpResponse> {
    return this.#connection.repeatable.pathUnchecked(path).delete(operationOptionsToRequestParameters(options));
  }
}
