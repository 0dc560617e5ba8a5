/** A part of an HSM's content, or that we may not read it. */
export type Part<T> = readonly T[] | 'unreadable';

export type KeyItem = Readonly<{
  name: string;
  tags: Readonly<Record<string, string>>;
  versions: readonly Readonly<{ version: string; enabled: boolean; createdAt: string | null; updatedAt: string | null }>[];
}>;

/** What an HSM held at one time; no key material. */
export type InventoryParts = Readonly<{
  keys: Part<KeyItem>;
  deletedKeys: Part<Readonly<{ name: string }>>;
  roleDefinitions: Part<Readonly<{ name: string }>>;
  roleAssignments: Part<Readonly<{ name: string }>>;
  settings: Part<Readonly<{ name: string }>>;
}>;

/** A reading under way or done. `complete` is false while keys are still to be read. */
export type StagedInventory = Readonly<{ schema: 'hsmkeep.staged-inventory/1'; complete: boolean; parts: InventoryParts }>;

/** `hsmkeep/<hsm>/<folder>.inventory.json`. */
export type Inventory = Readonly<{
  schema: 'hsmkeep.inventory/1';
  hsm: string;
  folder: string;
  parts: InventoryParts;
  /** Items that differed between the reading before and the one after the backup, such as `keys/payments`. */
  uncertain: readonly string[];
}>;

export const PARTS = ['keys', 'deletedKeys', 'roleDefinitions', 'roleAssignments', 'settings'] as const;

/** The parts that could not be read and should have been: settings need an administrator, whom no duty is. */
export const unreadableParts = (parts: InventoryParts): string[] =>
  PARTS.filter((part) => part !== 'settings' && parts[part] === 'unreadable');

/**
 * The items that changed while the backup was taken: which of the two states it holds is not known.
 * A part that was unreadable at either time tells nothing.
 */
export function uncertainItems(before: InventoryParts, after: InventoryParts): string[] {
  return PARTS.flatMap((part) => {
    const [earlier, later] = [before[part], after[part]];
    if (earlier === 'unreadable' || later === 'unreadable') return [];
    const [old, now] = [byName(earlier), byName(later)];
    const names = new Set([...old.keys(), ...now.keys()]);
    return [...names]
      .filter((name) => old.get(name) !== now.get(name))
      .map((name) => `${part}/${name}`)
      .sort();
  });
}

const byName = (items: readonly Readonly<{ name: string }>[]): Map<string, string> =>
  new Map(items.map((item) => [item.name, JSON.stringify(item)]));

/** How many items a part holds. */
export const sizeOf = (part: Part<unknown>): number | 'unreadable' => (part === 'unreadable' ? part : part.length);

/** How many key versions there are in all. */
export const versionsOf = (keys: Part<KeyItem>): number | 'unreadable' =>
  keys === 'unreadable' ? keys : keys.reduce((sum, { versions }) => sum + versions.length, 0);
