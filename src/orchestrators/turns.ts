import type { OrchestrationContext } from 'durable-functions';
import { stretched, type Waiting } from '../domain/waiting.ts';

/** No orchestration has more activity turns: its history is read again with each of them. */
const MOST_TURNS = 100;
/** Of these, for repeating what failed: two outages are sat out to their ends, a third in part. */
const MOST_REPEATS = 18;
/** Kept back for what comes at the end: to look once more, compare, prove, give the lock back, store the record. */
const RESERVED = 30;
/** Of what is kept back, what comes when all work is done: to tidy up, give the lock back, store and tell. */
const LAST = 8;
/** A wait without a second look would be none. */
const FEWEST_LOOKS = 2;

/** How many activities an orchestration has called, and how many calls were repetitions; counted anew with each replay. */
const taken = new WeakMap<OrchestrationContext, number>();
const repeated = new WeakMap<OrchestrationContext, number>();

/** Counts a call that repeats none. */
export const countTurn = (context: OrchestrationContext): void => void taken.set(context, (taken.get(context) ?? 0) + 1);

/** Counts a call that repeats one. They have turns of their own, so that a flood of failures takes nothing from what comes after it. */
export const countRepeat = (context: OrchestrationContext): void => void repeated.set(context, (repeated.get(context) ?? 0) + 1);

/** How many repetitions there still are. */
export const repeatsLeft = (context: OrchestrationContext): number => MOST_REPEATS - (repeated.get(context) ?? 0);

const turnsBefore = (context: OrchestrationContext, reserved: number): number =>
  Math.max(0, MOST_TURNS - MOST_REPEATS - reserved - (taken.get(context) ?? 0));

/** How many turns there still are for waiting. */
export const turnsLeft = (context: OrchestrationContext): number => turnsBefore(context, RESERVED);

/** How many turns there still are for work of which the next run can do the rest. */
export const turnsForWork = (context: OrchestrationContext): number => turnsBefore(context, LAST);

/** How many turns there still are at all. */
export const turnsToEnd = (context: OrchestrationContext): number => turnsBefore(context, 0);

/** How many looks the next wait may take: half of what is left, so that whatever has to be waited for afterwards has its share. */
export const looksLeft = (context: OrchestrationContext): number => Math.max(FEWEST_LOOKS, Math.floor(turnsLeft(context) / 2));

/** A wait of the same patience in as many looks as there are left. */
export const affordable = (context: OrchestrationContext, waiting: Waiting): Waiting => stretched(waiting, looksLeft(context));
