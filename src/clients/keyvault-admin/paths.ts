/**
 * One segment of a path, percent-encoded.
 *
 * @param what What the name is, for the message.
 * @throws {Error} for an empty name and for dots, which would lead to another operation: `/keys/../restore` is a full restore
 */
export function segment(name: string, what: string): string {
  if (!name || name === '.' || name === '..') throw new Error(`The ${what} must be a name, not '${name}'.`);
  return encodeURIComponent(name);
}

/**
 * The path under which role definitions or assignments of a scope live.
 *
 * @param scope `/`, `/keys` or `/keys/<name>`; slashes at either end do not matter.
 */
export function rolePath(scope: string, collection: 'roleAssignments' | 'roleDefinitions', name?: string): string {
  const segments = scope.split('/').filter(Boolean);
  const scopePath = segments.map((part) => `/${segment(part, 'role scope')}`).join('');
  const listPath = `${scopePath}/providers/Microsoft.Authorization/${collection}`;
  return name === undefined
    ? listPath
    : `${listPath}/${segment(name, collection === 'roleAssignments' ? 'role assignment name' : 'role definition name')}`;
}
