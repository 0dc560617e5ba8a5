import { fullAction } from './data-actions.ts';
import { DUTY_ROLES } from './duty-roles.ts';
import type { Grant } from './grants.ts';
import { allows } from './patterns.ts';
import type { HsmRoles } from './setup-plan.ts';

/** A right: `action` without its prefix. */
export type Right = Readonly<{ action: string; scope: string }>;

/**
 * Whether the roles of an identity allow a data action at a scope. An assignment holds at its scope and below; what `notDataActions` takes away,
 * another permission may still give. Rights that it has as a member of a group do not show.
 */
export function isAllowed({ definitions, assignments }: HsmRoles, principalId: string, { action, scope }: Right): boolean {
  return assignments
    .filter((one) => one.principalId.toLowerCase() === principalId.toLowerCase() && covers(one.scope, scope))
    .some(({ role }) =>
      definitions.some(({ id, permissions }) => id.toLowerCase() === role && permissions.some((each) => allows(each, fullAction(action)))),
    );
}

/** The rights that an identity lacks of those that a grant stands for. */
export function missingRights(roles: HsmRoles, principalId: string, grants: readonly Grant[]): Right[] {
  const needed = grants.flatMap(({ role, scope }) => DUTY_ROLES[role].actions.map((action) => ({ action, scope })));
  return needed.filter((right) => !isAllowed(roles, principalId, right));
}

/** Names of keys are compared without regard to case. */
function covers(held: string, scope: string): boolean {
  const [above, below] = [held.toLowerCase(), scope.toLowerCase()];
  return above === '/' || above === below || below.startsWith(`${above}/`);
}
