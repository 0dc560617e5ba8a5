import type { DatabaseSync } from 'node:sqlite';
import { BUILT_IN_ROLES } from './built-in-roles.ts';

export type Permission = Readonly<{
  actions: readonly string[];
  dataActions: readonly string[];
  notActions: readonly string[];
  notDataActions: readonly string[];
}>;

/** `name` is a lower-case GUID. */
export type RoleDefinition = Readonly<{
  name: string;
  roleName: string;
  type: 'AKVBuiltInRole' | 'CustomRole';
  description: string;
  permissions: readonly Permission[];
}>;

/** `roleDefinition` is the definition's name; `scope` is `/`, `/keys` or `/keys/<key>`; GUIDs in lower case. */
export type RoleAssignment = Readonly<{ name: string; roleDefinition: string; principalId: string; scope: string }>;

export function createRoleTables(db: DatabaseSync): void {
  db.exec(`
    create table if not exists role_definition (hsm text, name text, definition text not null, primary key (hsm, name)) strict;
    create table if not exists role_assignment (hsm text, name text, role_definition text not null, principal_id text not null,
      scope text not null, primary key (hsm, name)) strict;`);
}

const BUILT_IN: readonly RoleDefinition[] = BUILT_IN_ROLES.map(({ name, roleName, dataActions }) => ({
  name,
  roleName,
  type: 'AKVBuiltInRole',
  description: '',
  permissions: [{ actions: [], dataActions, notActions: [], notDataActions: [] }],
}));

/** Built-in roles first, then custom ones as they were made. */
export const roleDefinitions = (db: DatabaseSync, hsm: string): RoleDefinition[] => [...BUILT_IN, ...customRoles(db, hsm)];

export function customRoles(db: DatabaseSync, hsm: string): RoleDefinition[] {
  const rows = db.prepare('select definition from role_definition where hsm = ? order by rowid').all(hsm) as { definition: string }[];
  return rows.map(({ definition }) => JSON.parse(definition));
}

export const roleDefinition = (db: DatabaseSync, hsm: string, name: string): RoleDefinition | undefined =>
  roleDefinitions(db, hsm).find((definition) => definition.name === name.toLowerCase());

/** Makes a custom role, or replaces it as a whole. */
export function putCustomRole(db: DatabaseSync, hsm: string, definition: RoleDefinition): void {
  db.prepare(
    `insert into role_definition (hsm, name, definition) values (?, ?, ?)
     on conflict do update set definition = excluded.definition`,
  ).run(hsm, definition.name, JSON.stringify(definition));
}

export function deleteCustomRole(db: DatabaseSync, hsm: string, name: string): void {
  db.prepare('delete from role_definition where hsm = ? and name = ?').run(hsm, name);
}

/** All assignments of an HSM. The order is stable, but neither by name nor by time, as the service's is. */
export function roleAssignments(db: DatabaseSync, hsm: string): RoleAssignment[] {
  return db
    .prepare(
      `select name, role_definition as roleDefinition, principal_id as principalId, scope from role_assignment
       where hsm = ? order by substr(name, 25), name`,
    )
    .all(hsm) as RoleAssignment[];
}

export const roleAssignment = (db: DatabaseSync, hsm: string, name: string): RoleAssignment | undefined =>
  roleAssignments(db, hsm).find((assignment) => assignment.name === name.toLowerCase());

export function putRoleAssignment(db: DatabaseSync, hsm: string, { name, roleDefinition, principalId, scope }: RoleAssignment): void {
  db.prepare('insert into role_assignment (hsm, name, role_definition, principal_id, scope) values (?, ?, ?, ?, ?)').run(
    hsm,
    name,
    roleDefinition,
    principalId,
    scope,
  );
}

export function deleteRoleAssignment(db: DatabaseSync, hsm: string, name: string): void {
  db.prepare('delete from role_assignment where hsm = ? and name = ?').run(hsm, name);
}

/** Takes every role of a principal away, on one HSM. */
export function deleteAssignmentsOf(db: DatabaseSync, hsm: string, principalId: string): void {
  db.prepare('delete from role_assignment where hsm = ? and principal_id = ?').run(hsm, principalId);
}

/** Puts an HSM's custom roles and assignments into the state of a backup. */
export function replaceRoles(
  db: DatabaseSync,
  hsm: string,
  roles: { definitions: readonly RoleDefinition[]; assignments: readonly RoleAssignment[] },
): void {
  db.prepare('delete from role_definition where hsm = ?').run(hsm);
  db.prepare('delete from role_assignment where hsm = ?').run(hsm);
  for (const definition of roles.definitions) putCustomRole(db, hsm, definition);
  for (const assignment of roles.assignments) putRoleAssignment(db, hsm, assignment);
}
