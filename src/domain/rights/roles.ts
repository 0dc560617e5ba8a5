/** What a role allows, less what it excludes. Data actions have their prefix, and `*` in one stands for anything. */
export type Permission = Readonly<{ dataActions: readonly string[]; notDataActions: readonly string[] }>;

/** A role of an HSM's local access control. `id` is a GUID; names are not unique. */
export type RoleDefinition = Readonly<{
  id: string;
  roleName: string;
  description: string;
  kind: 'built-in' | 'custom';
  permissions: readonly Permission[];
}>;

/** Who has which role where. `id` and `role` are GUIDs, `principalId` is an object id; `scope` is `/`, `/keys` or `/keys/<name>`. */
export type RoleAssignment = Readonly<{ id: string; principalId: string; role: string; scope: string }>;

/** The part of an id after its last slash, in lower case: the same role is written with and without its path. */
export const roleGuid = (id: string): string => id.slice(id.lastIndexOf('/') + 1).toLowerCase();
