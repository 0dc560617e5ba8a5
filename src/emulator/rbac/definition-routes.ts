import { type Route, ServiceError } from '../service.ts';
import { badParameter, isGuid, parseDefinition } from './role-input.ts';
import { customRoles, deleteCustomRole, putCustomRole, type RoleDefinition, roleDefinition, roleDefinitions } from './role-store.ts';
import { atEveryScope } from './scoped-routes.ts';

/** Without a leading slash, and the same at every scope. */
export const DEFINITION_ID_PREFIX = 'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/';

const MOST_CUSTOM_ROLES = 50;

const notFound = () => new ServiceError(404, 'RoleDefinitionNotFound', 'Requested role definition not found');
const isBuiltIn = () => badParameter('Cannot re-use the name/GUID matching that of a built-in role. Please use a unique role ID.');

/** Role definitions. All of them are listed at any scope. */
export const definitionRoutes: readonly Route[] = [
  ...atEveryScope('GET', 'roleDefinitions', ({ caller, query }, _params, { db, name: hsm, authorize }, scope) => {
    authorize(caller, 'roleDefinitions/read/action', scope);
    const wanted = /^roleName eq '(.*)'$/.exec(query.get('$filter') ?? '')?.[1];
    const found = roleDefinitions(db, hsm).filter(({ roleName }) => wanted === undefined || roleName === wanted);
    return { status: 200, body: { value: found.map(toWire) } };
  }),

  ...atEveryScope('GET', 'roleDefinitions/:name', ({ caller }, { name = '' }, { db, name: hsm, authorize }, scope) => {
    authorize(caller, 'roleDefinitions/read/action', scope);
    const found = roleDefinition(db, hsm, name);
    if (!found) throw notFound();
    return { status: 200, body: toWire(found) };
  }),

  ...atEveryScope('PUT', 'roleDefinitions/:name', ({ caller, body }, { name = '' }, { db, name: hsm, authorize }, scope) => {
    authorize(caller, 'roleDefinitions/write/action', scope);
    if (!isGuid(name)) throw badParameter('Role definition name must be a GUID');
    const existing = roleDefinition(db, hsm, name);
    if (existing?.type === 'AKVBuiltInRole') throw isBuiltIn();
    if (!existing && customRoles(db, hsm).length >= MOST_CUSTOM_ROLES) {
      throw badParameter(`A managed HSM has at most ${MOST_CUSTOM_ROLES} custom role definitions.`);
    }
    const { roleName, description, permissions } = parseDefinition(body);
    const definition: RoleDefinition = {
      name: name.toLowerCase(),
      roleName,
      type: 'CustomRole',
      description: description ?? '',
      permissions: permissions ?? [],
    };
    putCustomRole(db, hsm, definition);
    // 201 for an update as well.
    return { status: 201, body: toWire(definition) };
  }),

  ...atEveryScope('DELETE', 'roleDefinitions/:name', ({ caller }, { name = '' }, { db, name: hsm, authorize }, scope) => {
    authorize(caller, 'roleDefinitions/delete/action', scope);
    const found = roleDefinition(db, hsm, name);
    if (!found) throw notFound();
    if (found.type === 'AKVBuiltInRole') throw isBuiltIn();
    deleteCustomRole(db, hsm, found.name);
    return { status: 200, body: toWire(found) };
  }),
];

const toWire = ({ name, roleName, type, description, permissions }: RoleDefinition) => ({
  id: `${DEFINITION_ID_PREFIX}${name}`,
  name,
  properties: { assignableScopes: ['/'], description, permissions, roleName, type },
  type: 'Microsoft.Authorization/roleDefinitions',
});
