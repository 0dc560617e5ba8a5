import { RefusedError } from '../clients/errors.ts';
import type { ManagedHsm } from '../clients/managed-hsm.ts';
import { parseDocument } from '../domain/documents.ts';
import { stagingPath } from '../domain/intent.ts';
import { type InventoryParts, type KeyItem, type Part, type StagedInventory, unreadableParts } from '../domain/inventory.ts';
import { defineActivity } from './define-activity.ts';

/** `before` the backup's start and `after` its end: what differs is uncertain. */
export type InventoryPhase = 'before' | 'after';
export type TakeInventoryInput = Readonly<{ hsm: string; run: string; phase: InventoryPhase }>;
/** Call again while `complete` is false: a large HSM takes several calls. */
export type TakeInventoryResult = Readonly<{ complete: boolean; keys: number | 'unreadable'; unreadable: readonly string[] }>;

/** Reading keys stops here and goes on with the next call, so that no activity runs for long. */
const BUDGET_MS = 20_000;

/** Lists what an HSM holds into a staged document; goes on where the last call stopped. */
export const takeInventory = defineActivity(
  'takeInventory',
  ['backup'],
  (clients) =>
    async ({ hsm, run, phase }: TakeInventoryInput): Promise<TakeInventoryResult> => {
      const store = clients.backups(hsm);
      const path = inventoryStagingPath(hsm, run, phase);
      const staged = await store.read(path);
      const earlier = staged && parseDocument<StagedInventory>(staged.text, 'hsmkeep.staged-inventory/1', path);
      const next = earlier?.complete ? earlier : await readMore(clients.hsm(hsm), earlier);

      if (next !== earlier) await store.write(path, JSON.stringify(next));
      return {
        complete: next.complete,
        keys: next.parts.keys === 'unreadable' ? 'unreadable' : next.parts.keys.length,
        unreadable: unreadableParts(next.parts),
      };
    },
);

export const inventoryStagingPath = (hsm: string, run: string, phase: InventoryPhase): string =>
  `${stagingPath(hsm, run)}inventory-${phase}.json`;

async function readMore(hsm: ManagedHsm, earlier: StagedInventory | undefined): Promise<StagedInventory> {
  const known = earlier && earlier.parts.keys !== 'unreadable' ? earlier.parts.keys : [];
  const read = await unlessForbidden(hsm.keysExcept(new Set(known.map(({ name }) => name)), BUDGET_MS));
  const keys: Part<KeyItem> = read === 'unreadable' ? read : [...known, ...read.keys].sort((a, b) => a.name.localeCompare(b.name));
  const complete = read === 'unreadable' || read.complete;
  const rest = complete ? await readRest(hsm) : NOT_YET;
  return { schema: 'hsmkeep.staged-inventory/1', complete, parts: { keys, ...rest } };
}

const NOT_YET: Omit<InventoryParts, 'keys'> = { deletedKeys: [], roleDefinitions: [], roleAssignments: [], settings: [] };

async function readRest(hsm: ManagedHsm): Promise<Omit<InventoryParts, 'keys'>> {
  const [deletedKeys, roleDefinitions, roleAssignments, settings] = await Promise.all([
    unlessForbidden(hsm.deletedKeys()),
    unlessForbidden(hsm.roleDefinitions()),
    unlessForbidden(hsm.roleAssignments()),
    unlessForbidden(hsm.settings()),
  ]);
  return { deletedKeys, roleDefinitions, roleAssignments, settings };
}

/** What the HSM does not let us read is `unreadable`; any other failure is thrown on. */
export async function unlessForbidden<T>(reading: Promise<T>): Promise<T | 'unreadable'> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof RefusedError && error.refusal.kind === 'forbidden') return 'unreadable';
    throw error;
  }
}
