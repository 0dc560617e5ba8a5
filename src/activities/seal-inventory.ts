import { createHash } from 'node:crypto';
import type { BlobStore } from '../clients/blob-store.ts';
import { parseDocument } from '../domain/documents.ts';
import { type Inventory, type StagedInventory, sizeOf, uncertainItems, versionsOf } from '../domain/inventory.ts';
import { type InventorySummary, inventoryPath } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';
import { type InventoryPhase, inventoryStagingPath } from './take-inventory.ts';

export type SealInventoryInput = Readonly<{ hsm: string; run: string; folder: string }>;

/**
 * Writes the inventory beside a backup from the two staged readings. Idempotent.
 *
 * @returns null when no complete reading was staged.
 */
export const sealInventory = defineActivity(
  'sealInventory',
  ['backup'],
  ({ backups }) =>
    async ({ hsm, run, folder }: SealInventoryInput): Promise<InventorySummary | null> => {
      const store = backups(hsm);
      const before = await readStaged(store, hsm, run, 'before');
      const after = (await readStaged(store, hsm, run, 'after')) ?? before;
      if (!after) return null;

      const uncertain = before ? uncertainItems(before.parts, after.parts) : [];
      const inventory: Inventory = { schema: 'hsmkeep.inventory/1', hsm, folder, parts: after.parts, uncertain };
      const text = JSON.stringify(inventory);
      await store.write(inventoryPath(hsm, folder), text);

      const { keys, roleDefinitions, roleAssignments, settings } = after.parts;
      return {
        keys: sizeOf(keys),
        keyVersions: versionsOf(keys),
        roleDefinitions: sizeOf(roleDefinitions),
        roleAssignments: sizeOf(roleAssignments),
        settings: sizeOf(settings),
        sha256: createHash('sha256').update(text).digest('hex'),
        uncertain,
      };
    },
);

async function readStaged(store: BlobStore, hsm: string, run: string, phase: InventoryPhase): Promise<StagedInventory | undefined> {
  const path = inventoryStagingPath(hsm, run, phase);
  const document = await store.read(path);
  const staged = document && parseDocument<StagedInventory>(document.text, 'hsmkeep.staged-inventory/1', path);
  return staged?.complete ? staged : undefined;
}
