import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { RequestError } from '../http/json-endpoint.ts';
import { type Directory, type Person, uuidFrom } from '../identity/directory.ts';
import { builtInRole, DATA_ACTION_PREFIX } from '../rbac/built-in-roles.ts';
import { deleteAssignmentsOf, putCustomRole, putRoleAssignment, roleAssignments, roleDefinition } from '../rbac/role-store.ts';
import { transaction } from '../state/transaction.ts';

const scope = z.string().regex(/^\/(keys(\/[0-9a-zA-Z-]{1,127})?)?$/, 'must be /, /keys or /keys/<key>');

/**
 * A role of a principal. `hsm` is a name, or `*` for all; `role` a built-in role with or without `Managed HSM `, or the id of a definition;
 * `dataActions`, with or without their prefix, make a custom role of their own instead.
 */
const roleSchema = z.strictObject({
  hsm: z.string().default('*'),
  scope: scope.default('/'),
  role: z.string().optional(),
  dataActions: z.array(z.string()).optional(),
});

export const principalSchema = z.strictObject({
  name: z.string().regex(/^[0-9a-zA-Z][0-9a-zA-Z._-]*$/, 'must be of letters, digits, dots, hyphens and underscores'),
  /** When given, exactly these are the principal's roles afterwards; otherwise they stay. */
  roles: z.array(roleSchema).optional(),
  /** App roles in its tokens for `api://hsmkeep`, in place of those it had; people's are fixed. */
  appRoles: z.array(z.string()).optional(),
});

type RoleInput = z.infer<typeof roleSchema>;
export type PrincipalInput = z.infer<typeof principalSchema>;

export type HeldRole = Readonly<{ hsm: string; scope: string; role: string }>;
/** A person has no client id and no secret. */
export type PrincipalView = Readonly<{
  name: string;
  objectId: string;
  clientId?: string;
  clientSecret?: string;
  appRoles: readonly string[];
  roles: readonly HeldRole[];
}>;

/** Makes principals and gives them roles on HSMs, without asking who may. */
export class PrincipalRoles {
  readonly #db: DatabaseSync;
  readonly #directory: Directory;
  readonly #hsms: readonly string[];

  constructor(db: DatabaseSync, directory: Directory, hsms: readonly string[]) {
    this.#db = db;
    this.#directory = directory;
    this.#hsms = hsms;
  }

  list(): PrincipalView[] {
    const people = this.#directory.people.map(asIdentity);
    return [...this.#directory.principals, ...people].map((identity) => this.#view(identity));
  }

  /**
   * Makes the principal, or updates the one of that name; the name of a person gives that person roles.
   *
   * @throws {RequestError} 404 for an HSM or a role that is not there, 400 for a role that is not named
   */
  put({ name, roles, appRoles }: PrincipalInput): PrincipalView {
    return transaction(this.#db, () => {
      const person = this.#directory.person(name);
      if (person && appRoles) throw new RequestError(400, `${name} is a person, whose app roles are fixed.`);
      const identity = person ? asIdentity(person) : this.#directory.ensurePrincipal(name, appRoles);
      if (roles) {
        for (const hsm of this.#hsms) deleteAssignmentsOf(this.#db, hsm, identity.objectId);
        for (const role of roles) this.#assign(identity.objectId, role);
      }
      return this.#view(identity);
    });
  }

  #assign(principalId: string, { hsm, scope, role, dataActions }: RoleInput): void {
    const hsms = hsm === '*' ? this.#hsms : this.#hsms.filter((name) => name === hsm);
    if (hsms.length === 0 && hsm !== '*') throw new RequestError(404, `There is no HSM ${hsm}.`, `There are ${this.#hsms.join(', ')}.`);
    for (const name of hsms) {
      const definition = dataActions ? this.#customRole(name, principalId, scope, dataActions) : this.#knownRole(name, role);
      const assignment = uuidFrom(`${name}/${principalId}/${definition}/${scope}`);
      const isThere = roleAssignments(this.#db, name).some((other) => other.name === assignment);
      if (!isThere) putRoleAssignment(this.#db, name, { name: assignment, roleDefinition: definition, principalId, scope });
    }
  }

  #customRole(hsm: string, principalId: string, scope: string, dataActions: readonly string[]): string {
    const name = uuidFrom(`role/${principalId}/${scope}`);
    const full = dataActions.map((action) => (action.startsWith(DATA_ACTION_PREFIX) ? action : `${DATA_ACTION_PREFIX}${action}`));
    putCustomRole(this.#db, hsm, {
      name,
      roleName: `Emulator role of ${this.#directory.nameOf(principalId)} at ${scope}`,
      type: 'CustomRole',
      description: 'Made by the control interface of the emulator.',
      permissions: [{ actions: [], dataActions: full, notActions: [], notDataActions: [] }],
    });
    return name;
  }

  #knownRole(hsm: string, role: string | undefined): string {
    if (!role) throw new RequestError(400, 'A role needs role or dataActions.');
    const id = role.slice(role.lastIndexOf('/') + 1);
    const found = builtInRole(role) ?? roleDefinition(this.#db, hsm, id);
    if (!found) throw new RequestError(404, `There is no role ${role} on ${hsm}.`, 'Name a built-in role, or the id of a role definition.');
    return found.name;
  }

  #view<I extends Omit<PrincipalView, 'roles'>>(identity: I): I & { roles: readonly HeldRole[] } {
    const roles = this.#hsms.flatMap((hsm) =>
      roleAssignments(this.#db, hsm)
        .filter(({ principalId }) => principalId === identity.objectId)
        .map((held) => ({
          hsm,
          scope: held.scope,
          role: roleDefinition(this.#db, hsm, held.roleDefinition)?.roleName ?? held.roleDefinition,
        })),
    );
    return { ...identity, roles };
  }
}

const asIdentity = ({ name, objectId, roles }: Person) => ({ name, objectId, appRoles: roles });
