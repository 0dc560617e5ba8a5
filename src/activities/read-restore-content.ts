import type { ManagedHsm } from '../clients/managed-hsm.ts';
import type { HsmContent } from '../domain/restore/content.ts';
import type { RestoreScope } from '../domain/restore/plan.ts';
import { unlessForbidden } from './take-inventory.ts';

/** What an HSM holds of what a restore touches. `deletedKey`: the soft-deleted key of that name, for a restore of one key. */
export type RestoreContent = Readonly<{
  content: HsmContent;
  deletedKey: Readonly<{ purgeable: boolean; purgeAt: string | null }> | undefined;
}>;

/**
 * Reads from an HSM what a restore would touch: everything, or one key. What we may not read, and keys that cannot all be read within the
 * budget, count as unreadable.
 *
 * @throws {TransientError} also while the HSM is in restore mode.
 */
export async function readRestoreContent(hsm: ManagedHsm, scope: RestoreScope, budgetMs: number): Promise<RestoreContent> {
  return scope === 'full' ? { content: await readAll(hsm, budgetMs), deletedKey: undefined } : readKey(hsm, scope.key);
}

async function readAll(hsm: ManagedHsm, budgetMs: number): Promise<HsmContent> {
  const [keys, deletedKeys, roleDefinitions, roleAssignments, settings] = await Promise.all([
    unlessForbidden(hsm.keysExcept(new Set(), budgetMs)),
    unlessForbidden(hsm.deletedKeys()),
    unlessForbidden(hsm.roleDefinitions()),
    unlessForbidden(hsm.roleAssignments()),
    unlessForbidden(hsm.settings()),
  ]);
  return {
    keys: keys !== 'unreadable' && keys.complete ? keys.keys : 'unreadable',
    deletedKeys,
    roleDefinitions,
    roleAssignments,
    settings,
  };
}

async function readKey(hsm: ManagedHsm, name: string): Promise<RestoreContent> {
  const [key, deleted] = await Promise.all([unlessForbidden(hsm.key(name)), unlessForbidden(hsm.deletedKey(name))]);
  return {
    content: {
      keys: key === 'unreadable' ? key : key ? [key] : [],
      deletedKeys: deleted === 'unreadable' ? deleted : deleted ? [deleted] : [],
      roleDefinitions: [],
      roleAssignments: [],
      settings: [],
    },
    deletedKey: deleted === 'unreadable' ? undefined : deleted,
  };
}
