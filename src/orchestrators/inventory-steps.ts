import type { OrchestrationContext } from 'durable-functions';
import { sealInventory } from '../activities/seal-inventory.ts';
import { type TakeInventoryInput, takeInventory } from '../activities/take-inventory.ts';
import { unreadableInventory } from '../domain/problems.ts';
import type { InventorySummary } from '../domain/record.ts';
import type { Problem } from '../domain/views.ts';
import { call, problemOf, type Steps } from './durable.ts';
import type { RunLog } from './run-log.ts';
import { looksLeft } from './turns.ts';

/** An HSM with more keys than this many calls of 20 s can list is not inventoried in full. */
const MOST_CALLS = 15;

/**
 * Reads what the HSM holds. A backup is worth having without its inventory, so trouble here degrades the run and never ends it.
 */
export function* readInventory(context: OrchestrationContext, log: RunLog, input: TakeInventoryInput): Steps<void> {
  log.begin(input.phase === 'before' ? 'Inventory before' : 'Inventory after');
  try {
    const most = Math.min(MOST_CALLS, looksLeft(context));
    for (let calls = 0; calls < most; calls += 1) {
      const reading = yield* call(context, takeInventory, input);
      if (!reading.complete) continue;
      return reading.unreadable.length > 0 ? log.degrade(unreadableInventory(reading.unreadable, input.hsm)) : log.done();
    }
    log.degrade(unreadableInventory(['the rest of its keys'], input.hsm));
  } catch (error) {
    log.degrade(withoutInventory(problemOf(error)));
  }
}

/** Writes the inventory beside the backup. @returns null when there is none. */
export function* recordInventory(
  context: OrchestrationContext,
  log: RunLog,
  input: Readonly<{ hsm: string; run: string; folder: string }>,
): Steps<InventorySummary | null> {
  try {
    return yield* call(context, sealInventory, input);
  } catch (error) {
    log.begin('Inventory record');
    log.degrade(withoutInventory(problemOf(error)));
    return null;
  }
}

const withoutInventory = ({ message, hint }: Problem): Problem => ({
  message: `The inventory is missing: ${message}`,
  hint: `The backup itself is not affected. ${hint}`,
});
