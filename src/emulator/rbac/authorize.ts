import type { DatabaseSync } from 'node:sqlite';
import { ServiceError } from '../service.ts';
import { DATA_ACTION_PREFIX } from './built-in-roles.ts';
import { type Permission, roleAssignments, roleDefinitions } from './role-store.ts';

/**
 * Whether a principal's roles on one HSM allow a data action at a scope. An assignment holds at its scope and below; what `notDataActions`
 * takes away, another permission may still give.
 *
 * @param dataAction Without the prefix.
 */
export function isAllowed(db: DatabaseSync, hsm: string, principalId: string, dataAction: string, scope: string): boolean {
  const action = `${DATA_ACTION_PREFIX}${dataAction}`;
  const held = roleAssignments(db, hsm).filter((assignment) => assignment.principalId === principalId && covers(assignment.scope, scope));
  if (held.length === 0) return false;
  const definitions = roleDefinitions(db, hsm);
  return held.some(({ roleDefinition }) =>
    definitions.find(({ name }) => name === roleDefinition)?.permissions.some((permission) => grants(permission, action)),
  );
}

export const accessDenied = (dataAction: string, scope: string) =>
  new ServiceError(403, 'AccessDenied', `Not authorized to access ${DATA_ACTION_PREFIX}${dataAction} on ${scope}`);

/** Names of keys are compared without regard to case. */
function covers(held: string, scope: string): boolean {
  const [above, below] = [held.toLowerCase(), scope.toLowerCase()];
  return above === '/' || above === below || below.startsWith(`${above}/`);
}

const grants = ({ dataActions, notDataActions }: Permission, action: string) =>
  dataActions.some((pattern) => fits(pattern, action)) && !notDataActions.some((pattern) => fits(pattern, action));

/** Case does not matter; `*` stands for anything. */
function fits(pattern: string, action: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 'i').test(action);
}
