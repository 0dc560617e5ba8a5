import type { Inventory, KeyItem, Part } from '../inventory.ts';
import type { RestoreScope } from './plan.ts';

export type RoleDefinitionItem = Readonly<{ name: string; roleName: string; custom: boolean; permissions: readonly unknown[] }>;
export type RoleAssignmentItem = Readonly<{ name: string; principalId: string; roleDefinitionId: string; scope: string }>;

/** What an HSM holds, or held when a backup of it was taken: the parts of an inventory, with all that they tell. */
export type HsmContent = Readonly<{
  keys: Part<KeyItem>;
  deletedKeys: Part<Readonly<{ name: string }>>;
  roleDefinitions: Part<RoleDefinitionItem>;
  roleAssignments: Part<RoleAssignmentItem>;
  settings: Part<Readonly<{ name: string; value: string }>>;
}>;

/** An inventory as it lies beside a backup, or as it was read before a restore. */
export type ContentDocument = Omit<Inventory, 'parts'> & Readonly<{ parts: HsmContent }>;

/** Of something that was never read, or has no inventory. */
export const UNREADABLE_CONTENT: HsmContent = {
  keys: 'unreadable',
  deletedKeys: 'unreadable',
  roleDefinitions: 'unreadable',
  roleAssignments: 'unreadable',
  settings: 'unreadable',
};

/** What of it a restore touches: all, or one key alone. */
export function narrowTo(content: HsmContent, scope: RestoreScope): HsmContent {
  if (scope === 'full') return content;
  return {
    keys: named(content.keys, scope.key),
    deletedKeys: named(content.deletedKeys, scope.key),
    roleDefinitions: [],
    roleAssignments: [],
    settings: [],
  };
}

/** Names of keys are compared without regard to case, as the HSM does. */
function named<T extends Readonly<{ name: string }>>(part: Part<T>, name: string): Part<T> {
  return part === 'unreadable' ? part : part.filter((item) => item.name.toLowerCase() === name.toLowerCase());
}
