import { breakerState, HEALTHY, isRemarkable, noteOutcome, type TargetHealth } from './breaker.ts';
import type { WorkItem } from './checks.ts';
import { adapt, type Budget, costOf, msUntil, type Pace, refill, spend } from './pace.ts';

/** What a dispatcher must know of its vault. It holds nothing of a secret and fits a history. */
export type DispatchState = Readonly<{
  pace: Pace;
  budget: Budget;
  keepsOwnEscrow: boolean;
  /** By target; only of targets of which there is something to tell. */
  health: Readonly<Record<string, TargetHealth>>;
  /** Targets of several secrets for one of which all went well in this sweep. */
  proven: readonly string[];
}>;

/** What became of one piece of work. `nothing`: it turned out that there was none, which says nothing of the target. */
export type DispatchOutcome = Readonly<{ result: 'ok' | 'failed' | 'nothing'; throttled: boolean }>;

/**
 * - `start`: begin this one now.
 * - `wait`: the budget is spent; look again after so long.
 * - `blocked`: nothing in the backlog may begin before something under way has ended.
 */
export type NextStart = Readonly<
  { next: 'start'; item: WorkItem; state: DispatchState } | { next: 'wait'; ms: number } | { next: 'blocked' }
>;

/** So many secrets of a vault are worked on at once. */
export const MOST_IN_FLIGHT = 40;
/** So many of one target: a server has other things to do. */
const MOST_ON_TARGET = 2;

/**
 * Chooses what begins next: the first of the backlog whose target has room, if the vault's budget allows.
 *
 * @param backlog In the order of a sweep, the most pressing first.
 * @param inFlight Targets of what is under way, one entry for each.
 * @param now ISO 8601 UTC.
 */
export function nextStart(backlog: readonly WorkItem[], inFlight: readonly string[], state: DispatchState, now: string): NextStart {
  if (inFlight.length >= MOST_IN_FLIGHT) return { next: 'blocked' };
  const busy = countEach(inFlight);
  const item = backlog.find(({ target, isFleet }) => (busy.get(target) ?? 0) < roomOn(target, isFleet, state, now));
  if (!item) return { next: 'blocked' };

  const pace = refill(state.pace, state.budget, now);
  const cost = costOf(item.action, state.keepsOwnEscrow);
  const ms = msUntil(pace, state.budget, cost);
  return ms > 0 ? { next: 'wait', ms } : { next: 'start', item, state: { ...state, pace: spend(pace, cost) } };
}

/** How many may be under way on a target: of a fleet one goes first, and the others follow when all went well with it. */
function roomOn(target: string, isFleet: boolean, { health, proven }: DispatchState, now: string): number {
  const breaker = breakerState(health[target] ?? HEALTHY, now);
  if (breaker === 'open') return 0;
  if (breaker === 'half-open' || (isFleet && !proven.includes(target))) return 1;
  return hasServer(target) ? MOST_ON_TARGET : MOST_IN_FLIGHT;
}

/** A target without an address is no server that could be asked too much. */
const hasServer = (target: string): boolean => target.includes(' ');

/** Takes in how a piece of work ended. */
export function afterEnd(
  state: DispatchState,
  { target, isFleet }: WorkItem,
  { result, throttled }: DispatchOutcome,
  now: string,
): DispatchState {
  const pace = adapt(refill(state.pace, state.budget, now), throttled, now);
  if (result === 'nothing') return { ...state, pace };

  const noted = noteOutcome(state.health[target] ?? HEALTHY, result === 'ok', now);
  const { [target]: _before, ...others } = state.health;
  const health = isRemarkable(noted) ? { ...others, [target]: noted } : others;
  const isNews = isFleet && result === 'ok' && !state.proven.includes(target);
  return { ...state, pace, health, proven: isNews ? [...state.proven, target] : state.proven };
}

/** Targets on which nothing is begun at present. */
export const heldBack = (health: DispatchState['health'], now: string): string[] =>
  Object.entries(health).flatMap(([target, its]) => (breakerState(its, now) === 'open' ? [target] : []));

/** Whether secrets were passed over because of their targets: they come again with the next sweep, whenever they would have been tried again. */
export const hasPassedOver = (health: DispatchState['health']): boolean =>
  Object.values(health).some(({ openUntil }) => openUntil !== null);

function countEach(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
