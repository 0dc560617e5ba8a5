import { NotFoundError } from '../../domain/errors.ts';
import { type RoleDefinition, roleGuid } from '../../domain/rights/roles.ts';
import { MisuseError } from '../errors.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @throws {MisuseError} */
export function guid(text: string, what: string): string {
  const id = roleGuid(text);
  if (!GUID.test(id)) throw new MisuseError(`${text} is not ${what}.`, 'It looks like 7b127d3c-77bd-4e3e-bbe0-dbb8971fa7f8.');
  return id;
}

/**
 * The role that a person means: its GUID, or its name with or without `Managed HSM ` before it.
 *
 * @throws {NotFoundError} when there is none; {@link MisuseError} when several roles have that name.
 */
export function findRole(roles: readonly RoleDefinition[], text: string, hsm: string): RoleDefinition {
  const found = rolesCalled(roles, text);
  const [role] = found;
  if (!role) throw new NotFoundError(`${hsm} has no role ${text}.`, `hsmkeep role definition list ${hsm} shows those that there are.`);
  if (found.length > 1)
    throw new MisuseError(
      `${found.length} roles of ${hsm} are called ${text}.`,
      `Name one by its id: ${found.map(({ id }) => id).join(', ')}.`,
    );
  return role;
}

export function rolesCalled(roles: readonly RoleDefinition[], text: string): RoleDefinition[] {
  if (GUID.test(roleGuid(text))) return roles.filter(({ id }) => id.toLowerCase() === roleGuid(text));
  const names = [text, `Managed HSM ${text}`].map((name) => name.toLowerCase());
  return roles.filter(({ roleName }) => names.includes(roleName.toLowerCase()));
}
