import type { Protection } from '../domain/doctor/protection.ts';
import type { RoleAssignment, RoleDefinition } from '../domain/rights/roles.ts';

/** A role as it is made or replaced: what is left out is emptied. */
export type NewRole = Readonly<Omit<RoleDefinition, 'kind'>>;

/** A setting of an HSM; one that is on or off has a boolean. */
export type HsmSetting = Readonly<{ name: string; value: boolean | string }>;

/**
 * Local access control and settings of one Managed HSM, for an administrator: every operation that the service has.
 *
 * All throw {@link RefusedError} when the HSM says no and {@link TransientError} when a retry may help; all are safe to repeat and have a deadline.
 * Scopes are `/`, `/keys` and `/keys/<name>`. Only the role Managed HSM Administrator may read or change settings.
 */
export interface HsmAdministration {
  /** Name or host name, as in messages. */
  readonly name: string;
  readonly url: string;
  roleDefinitions(scope?: string): Promise<readonly RoleDefinition[]>;
  roleDefinition(id: string, scope?: string): Promise<RoleDefinition | undefined>;
  setRoleDefinition(role: NewRole, scope?: string): Promise<RoleDefinition>;
  /** Idempotent. */
  deleteRoleDefinition(id: string, scope?: string): Promise<void>;
  /** The lists of `/` and `/keys` are the same; assignments at a single key are in its own list only. */
  roleAssignments(scope?: string): Promise<readonly RoleAssignment[]>;
  roleAssignment(id: string, scope?: string): Promise<RoleAssignment | undefined>;
  /** `there`: the principal had the role at that scope already, under whatever id. */
  assignRole(assignment: RoleAssignment): Promise<'made' | 'there'>;
  /** Idempotent. */
  deleteRoleAssignment(id: string, scope?: string): Promise<void>;
  settings(): Promise<readonly HsmSetting[]>;
  setting(name: string): Promise<HsmSetting>;
  setSetting(setting: HsmSetting): Promise<HsmSetting>;
  /** What soft delete promises, as any key tells; null when there is none. Needs the right to read keys. */
  protection(): Promise<Protection | null>;
  /** Object id of who asks; null when its token does not tell. */
  callerId(): Promise<string | null>;
}
