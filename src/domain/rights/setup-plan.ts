import type { Duty } from '../duty.ts';
import { type Arm, isOver } from './arm.ts';
import { DUTY_ROLES, definitionOf, isAsMade, ROLE_KEYS, type RoleKey, roleKeyOf } from './duty-roles.ts';
import { type Grant, restoreGrants, type ServedHsm, standingGrants } from './grants.ts';
import type { RoleAssignment, RoleDefinition } from './roles.ts';

/** Object ids of the identities of duties, as far as they are known. */
export type Principals = Readonly<Partial<Record<Duty, string>>>;

/** What an HSM has now. `assignments` holds those at every scope of {@link grantScopes}. */
export type HsmRoles = Readonly<{ definitions: readonly RoleDefinition[]; assignments: readonly RoleAssignment[] }>;

/** One thing that setup does on an HSM, or finds done: `keep`. */
export type SetupStep = Readonly<
  | { what: 'role'; hsm: string; change: 'make' | 'mend' | 'keep' | 'remove'; role: RoleKey }
  | {
      what: 'assignment';
      hsm: string;
      change: 'give' | 'keep' | 'take';
      role: RoleKey;
      principalId: string;
      scope: string;
      /** Of the assignment that is there; null for one that is to be made. */
      id: string | null;
      /** ISO 8601 UTC: it was given for so long. */
      until: string | null;
    }
>;

export type SetupInput = Readonly<{
  hsm: ServedHsm;
  principals: Principals;
  roles: HsmRoles;
  /** `unknown`: nobody could look, so what it may have given is let be. */
  arm: Arm | null | 'unknown';
  /** ISO 8601 UTC. */
  now: string;
}>;

/**
 * What has to change on an HSM until every duty has the rights it needs, and no others of ours. Roles and assignments that are not ours are
 * never touched. A plan of what is set up holds only `keep`.
 */
export function planSetup({ hsm, principals, roles, arm, now }: SetupInput): SetupStep[] {
  const armed = arm !== 'unknown' && arm !== null && !isOver(arm, now) ? arm : null;
  const wanted = [
    ...standingGrants(hsm).map((grant) => withPrincipal(grant, principals, null)),
    ...(armed ? restoreGrants(hsm).map((grant) => ({ ...grant, principalId: armed.principalId, until: armed.expiresAt })) : []),
  ].filter((grant) => grant.principalId !== '');

  const isHeld = (one: RoleAssignment, grant: HeldGrant): boolean =>
    one.role === DUTY_ROLES[grant.role].id && same(one.principalId, grant.principalId) && same(one.scope, grant.scope);
  const given = unique(wanted).map((grant): SetupStep => {
    const found = roles.assignments.find((one) => isHeld(one, grant));
    const { role, principalId, scope, until } = grant;
    return { what: 'assignment', hsm: hsm.name, change: found ? 'keep' : 'give', role, principalId, scope, id: found?.id ?? null, until };
  });

  const mayTake = (role: RoleKey): boolean => {
    const { duty } = DUTY_ROLES[role];
    if (arm === 'unknown' && (role === 'restore' || role === 'repair')) return false;
    // Whose it is cannot be told without the identity of its duty.
    return duty === null || principals[duty] !== undefined;
  };
  const taken = roles.assignments.flatMap((one): SetupStep[] => {
    const role = roleKeyOf(one.role);
    if (role === undefined || !mayTake(role) || wanted.some((grant) => isHeld(one, grant))) return [];
    return [takeStep(hsm.name, one, role)];
  });
  const used = ROLE_KEYS.filter((key) => wanted.some(({ role }) => role === key));
  return [...used.map((role) => roleStep(hsm.name, role, roles.definitions)), ...given, ...taken];
}

/** What has to be taken away until nothing of ours is left on an HSM. Keys, containers and backups stay. */
export function planRemoval(hsm: string, { definitions, assignments }: HsmRoles): SetupStep[] {
  const taken = assignments.flatMap((one) => {
    const role = roleKeyOf(one.role);
    return role === undefined ? [] : [takeStep(hsm, one, role)];
  });
  const removed = ROLE_KEYS.filter((key) => definitions.some(({ id }) => roleKeyOf(id) === key));
  return [...taken, ...removed.map((role): SetupStep => ({ what: 'role', hsm, change: 'remove', role }))];
}

type HeldGrant = Grant & Readonly<{ principalId: string; until: string | null }>;

const withPrincipal = (grant: Grant, principals: Principals, until: string | null): HeldGrant => ({
  ...grant,
  principalId: principals[grant.duty] ?? '',
  until,
});

/** A role that stands where it is also given for hours is one. */
const unique = (grants: readonly HeldGrant[]): HeldGrant[] =>
  grants.filter(
    (one, index) =>
      grants.findIndex((other) => other.role === one.role && other.scope === one.scope && same(other.principalId, one.principalId)) ===
      index,
  );

function roleStep(hsm: string, role: RoleKey, definitions: readonly RoleDefinition[]): SetupStep {
  const found = definitions.find(({ id }) => id.toLowerCase() === definitionOf(role).id);
  return { what: 'role', hsm, change: found === undefined ? 'make' : isAsMade(found, role) ? 'keep' : 'mend', role };
}

const takeStep = (hsm: string, { id, principalId, scope }: RoleAssignment, role: RoleKey): SetupStep => ({
  what: 'assignment',
  hsm,
  change: 'take',
  role,
  principalId,
  scope,
  id,
  until: null,
});

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
