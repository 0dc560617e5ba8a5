import { type Route, ServiceError } from '../service.ts';
import { DEFINITION_ID_PREFIX } from './definition-routes.ts';
import { badParameter, isGuid, parseAssignment } from './role-input.ts';
import {
  deleteRoleAssignment,
  putRoleAssignment,
  type RoleAssignment,
  roleAssignment,
  roleAssignments,
  roleDefinition,
} from './role-store.ts';
import { atEveryScope } from './scoped-routes.ts';

const MOST_AT_HSM = 50;
const MOST_AT_KEY = 10;

const notFound = () => new ServiceError(404, 'RoleAssignmentNotFound', 'Requested role assignment not found');
const isKeyScope = (scope: string) => scope.startsWith('/keys/');

/** Role assignments. One is found by its name at any scope; the scope stands in its properties only. */
export const assignmentRoutes: readonly Route[] = [
  ...atEveryScope('GET', 'roleAssignments', ({ caller, query }, _params, { db, name: hsm, authorize }, scope) => {
    authorize(caller, 'roleAssignments/read/action', scope);
    const principalId = /^principalId eq '?([0-9a-f-]+)'?$/i.exec(query.get('$filter') ?? '')?.[1]?.toLowerCase();
    const found = roleAssignments(db, hsm).filter(
      (assignment) => isListedAt(scope, assignment.scope) && (principalId === undefined || assignment.principalId === principalId),
    );
    return { status: 200, body: { value: found.map(toWire) } };
  }),

  ...atEveryScope('GET', 'roleAssignments/:name', ({ caller }, { name = '' }, { db, name: hsm, authorize }, scope) => {
    authorize(caller, 'roleAssignments/read/action', scope);
    const found = roleAssignment(db, hsm, name);
    if (!found) throw notFound();
    return { status: 200, body: toWire(found) };
  }),

  ...atEveryScope('PUT', 'roleAssignments/:name', ({ caller, body }, { name = '' }, { db, name: hsm, authorize }, scope) => {
    authorize(caller, 'roleAssignments/write/action', scope);
    if (!isGuid(name)) throw badParameter('Role assignment name must be a GUID');
    const input = parseAssignment(body);
    if (!isGuid(input.principalId)) throw badParameter('The principal id must be a GUID');
    const role = roleDefinition(db, hsm, input.roleDefinitionId.slice(input.roleDefinitionId.lastIndexOf('/') + 1));
    if (!role) throw new ServiceError(404, 'RoleDefinitionNotFound', 'Requested role definition not found');

    const assignment = { name: name.toLowerCase(), roleDefinition: role.name, principalId: input.principalId.toLowerCase(), scope };
    const existing = roleAssignments(db, hsm);
    refuseDuplicate(assignment, existing);
    refuseTooMany(scope, existing);
    putRoleAssignment(db, hsm, assignment);
    return { status: 201, body: toWire(assignment) };
  }),

  ...atEveryScope('DELETE', 'roleAssignments/:name', ({ caller }, { name = '' }, { db, name: hsm, authorize }, scope) => {
    authorize(caller, 'roleAssignments/delete/action', scope);
    const found = roleAssignment(db, hsm, name);
    if (!found) throw notFound();
    deleteRoleAssignment(db, hsm, found.name);
    return { status: 200, body: toWire(found) };
  }),
];

/** `/` and `/keys` show the same set, without the assignments of single keys. */
const isListedAt = (scope: string, assigned: string) => (isKeyScope(scope) ? assigned === scope : !isKeyScope(assigned));

function refuseDuplicate(wanted: RoleAssignment, existing: readonly RoleAssignment[]): void {
  const { roleDefinition: role, principalId, scope } = wanted;
  const same = existing.find((other) => other.roleDefinition === role && other.principalId === principalId && other.scope === scope);
  if (same) {
    throw new ServiceError(
      400,
      'MatchingRoleAssignmentExists',
      `Role assignment '${same.name}' already adds role '${DEFINITION_ID_PREFIX}${role}' to principal '${principalId}' in scope '${scope}'.`,
    );
  }
  if (existing.some(({ name }) => name === wanted.name)) {
    throw new ServiceError(400, 'RoleAssignmentUpdateNotPermitted', 'Principal, role and scope of a role assignment cannot be changed.');
  }
}

function refuseTooMany(scope: string, existing: readonly RoleAssignment[]): void {
  const most = isKeyScope(scope) ? MOST_AT_KEY : MOST_AT_HSM;
  const there = existing.filter((other) => (isKeyScope(scope) ? other.scope === scope : !isKeyScope(other.scope))).length;
  if (there >= most) throw badParameter(`There are at most ${most} role assignments at the scope '${scope}'.`);
}

const toWire = ({ name, roleDefinition: role, principalId, scope }: RoleAssignment) => ({
  id: `/providers/Microsoft.Authorization/roleAssignments/${name}`,
  name,
  properties: { principalId, roleDefinitionId: `${DEFINITION_ID_PREFIX}${role}`, scope },
  type: 'Microsoft.Authorization/roleAssignments',
});
