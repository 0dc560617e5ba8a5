import type { OrchestrationContext } from 'durable-functions';
import { stretched, type Waiting } from '../domain/waiting.ts';

/** No orchestration has more activity turns: its history is read again with each of them. */
const MOST_TURNS = 100;
/** Kept back for what comes at the end: to look once more, compare, prove, give the lock back, store the record. */
const RESERVED = 30;
/** A wait without a second look would be none. */
const FEWEST_LOOKS = 2;

/** How many activities an orchestration has called; counted anew with each replay. */
const taken = new WeakMap<OrchestrationContext, number>();

export const countTurn = (context: OrchestrationContext): void => void taken.set(context, (taken.get(context) ?? 0) + 1);

/** How many turns there still are for waiting and repeating. */
export const turnsLeft = (context: OrchestrationContext): number => Math.max(0, MOST_TURNS - RESERVED - (taken.get(context) ?? 0));

/** How many looks the next wait may take: half of what is left, so that whatever has to be waited for afterwards has its share. */
export const looksLeft = (context: OrchestrationContext): number => Math.max(FEWEST_LOOKS, Math.floor(turnsLeft(context) / 2));

/** A wait of the same patience in as many looks as there are left. */
export const affordable = (context: OrchestrationContext, waiting: Waiting): Waiting => stretched(waiting, looksLeft(context));
