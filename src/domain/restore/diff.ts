import { type KeyItem, PARTS, type Part } from '../inventory.ts';
import { canonicalJson } from '../retention/canonical-json.ts';
import type { HsmContent, RoleAssignmentItem, RoleDefinitionItem } from './content.ts';

/**
 * What a restore does to one part of an HSM, as sorted names: a key version is `payments/<version>`, a role assignment
 * `Managed HSM Crypto User for <principal> at /keys`.
 */
export type ItemDiff = Readonly<{
  /** There now, not in the backup: destroyed. */
  vanish: readonly string[];
  /** In the backup, not there now. */
  comeBack: readonly string[];
  /** In both, and not the same: what is there now is overwritten. */
  change: readonly string[];
}>;

export type DiffPart = (typeof PARTS)[number];
/** A part that cannot be read on either side is `unreadable`: what would be lost of it is not known. */
export type RestoreDiff = Readonly<Record<DiffPart, ItemDiff | 'unreadable'>>;

/** Items of a part: what it is called, and all of it as one text. */
type Items = ReadonlyMap<string, string>;

/**
 * What a restore would do to an HSM.
 *
 * @param live What it holds now.
 * @param backup What it held when the backup was taken.
 */
export function diffContent(live: HsmContent, backup: HsmContent): RestoreDiff {
  const roles = roleNames(live, backup);
  const entries = PARTS.map((part) => [part, diffItems(itemsOf(live, part, roles), itemsOf(backup, part, roles))] as const);
  return Object.fromEntries(entries) as RestoreDiff;
}

/** Everything that a restore would destroy or overwrite, one line each. An unreadable part is a line of its own: all of it is at stake. */
export function destroyedBy(diff: RestoreDiff): string[] {
  return PARTS.flatMap((part) => {
    const items = diff[part];
    if (items === 'unreadable') return [unreadable(part)];
    return [...items.vanish.map((item) => `${part}/${item}`), ...items.change.map((item) => `${part}/${item} (changes)`)];
  });
}

/** How many items a restore would destroy or overwrite, of the parts that can be read. */
export const countDestroyed = (diff: RestoreDiff): number => {
  const blind = new Set(PARTS.map(unreadable));
  return destroyedBy(diff).filter((item) => !blind.has(item)).length;
};

/**
 * What a restore would destroy beyond what was approved. Whoever approved a plan with an unreadable part has approved that all of it goes.
 *
 * @returns Empty when the same or less is destroyed.
 */
export function addedDestruction(approved: readonly string[], now: readonly string[]): string[] {
  const known = new Set(approved);
  const blind = PARTS.filter((part) => known.has(unreadable(part)));
  return now.filter((item) => !known.has(item) && !blind.some((part) => item.startsWith(`${part}/`)));
}

/** How many items of a part a restore touches; 0 for one that cannot be read. */
export function touched(items: ItemDiff | 'unreadable'): number {
  return items === 'unreadable' ? 0 : items.vanish.length + items.comeBack.length + items.change.length;
}

/**
 * The diff without the keys whose state in the backup is not known.
 *
 * @param uncertain As the inventory names them: `keys/payments`.
 */
export function withoutUncertain(diff: RestoreDiff, uncertain: readonly string[]): RestoreDiff {
  if (diff.keys === 'unreadable' || uncertain.length === 0) return diff;
  const isKnown = (item: string): boolean => !uncertain.includes(`keys/${item.slice(0, item.lastIndexOf('/'))}`);
  const { vanish, comeBack, change } = diff.keys;
  return { ...diff, keys: { vanish: vanish.filter(isKnown), comeBack: comeBack.filter(isKnown), change: change.filter(isKnown) } };
}

/** How a role assignment is called: by what it gives to whom and where, not by its id, which changes when it is made anew. */
export const assignmentName = (
  { principalId, roleDefinitionId, scope }: Omit<RoleAssignmentItem, 'name'>,
  roles: ReadonlyMap<string, string>,
): string => `${roleName(roleDefinitionId, roles)} for ${principalId} at ${scope}`;

/** Names of roles by their ids, out of every definition that could be read. */
export function roleNames(...contents: readonly HsmContent[]): ReadonlyMap<string, string> {
  const definitions = contents.flatMap(({ roleDefinitions }) => (roleDefinitions === 'unreadable' ? [] : roleDefinitions));
  return new Map(definitions.map(({ name, roleName }) => [name, roleName]));
}

/** The id of a definition is a path; its last segment tells. */
export function roleName(roleDefinitionId: string, roles: ReadonlyMap<string, string>): string {
  const id = roleDefinitionId.slice(roleDefinitionId.lastIndexOf('/') + 1);
  return roles.get(id) ?? id;
}

function unreadable(part: DiffPart): string {
  return `${part}: unreadable`;
}

function diffItems(live: Items | 'unreadable', backup: Items | 'unreadable'): ItemDiff | 'unreadable' {
  if (live === 'unreadable' || backup === 'unreadable') return 'unreadable';
  const [now, then] = [[...live.keys()].sort(), [...backup.keys()].sort()];
  return {
    vanish: now.filter((item) => !backup.has(item)),
    comeBack: then.filter((item) => !live.has(item)),
    change: now.filter((item) => backup.has(item) && backup.get(item) !== live.get(item)),
  };
}

function itemsOf(content: HsmContent, part: DiffPart, roles: ReadonlyMap<string, string>): Items | 'unreadable' {
  switch (part) {
    case 'keys':
      return collect(content.keys, versionsOfKey);
    case 'deletedKeys':
      return collect(content.deletedKeys, ({ name }) => [[name, '']]);
    case 'roleDefinitions':
      // Built-in roles come and go with the service, not with a restore.
      return collect(content.roleDefinitions, (role) => (role.custom ? [[role.roleName, textOfRole(role)]] : []));
    case 'roleAssignments':
      return collect(content.roleAssignments, (assignment) => [[assignmentName(assignment, roles), '']]);
    case 'settings':
      return collect(content.settings, ({ name, value }) => [[name, value]]);
  }
}

function collect<T>(part: Part<T>, entries: (item: T) => readonly (readonly [string, string])[]): Items | 'unreadable' {
  return part === 'unreadable' ? part : new Map(part.flatMap(entries));
}

/** Versions, not keys: a version that is added to a key between plan and execution would be lost unseen. */
const versionsOfKey = ({ name, tags, versions }: KeyItem): [string, string][] =>
  versions.map((version) => [`${name}/${version.version}`, canonicalJson({ ...version, tags })]);

const textOfRole = ({ name, permissions }: RoleDefinitionItem): string => canonicalJson({ name, permissions });
