import type { OrchestrationContext } from 'durable-functions';
import { findDueSecrets } from '../activities/find-due-secrets.ts';
import { noteDispatch } from '../activities/note-dispatch.ts';
import { takeDueSecrets } from '../activities/take-due-secrets.ts';
import { metricLine } from '../domain/metric.ts';
import type { WorkItem } from '../domain/rotation/checks.ts';
import type { DispatchState } from '../domain/rotation/dispatch.ts';
import { Dispatcher } from './dispatcher.ts';
import { call, defineOrchestrator, type Steps } from './durable.ts';

/** What an execution hands to the next one. `taken`: how many of the found ones were read; `backlog`: read, and not begun yet. */
type Part = Readonly<{ total: number; taken: number; backlog: readonly WorkItem[]; state: DispatchState }>;

/** `lookMs`: time since the sweep before; null when there was none. `part`: null in the first execution. */
export type SweepSecretsInput = Readonly<{ vault: string; lookMs: number | null; part: Part | null }>;

/** More secrets than these begin a new history. */
const STARTS_AT_MOST = 150;
const TAKEN_AT_ONCE = 100;
/** So many may wait for a busy target before others are looked for behind them. */
const BACKLOG_AT_MOST = 400;

/**
 * Takes up all that is to be done in a vault, within what vault and targets take: the truth, whatever events were lost. One secret's
 * failure is its own run's, and stops no other; many on one target stop what else was to begin there.
 */
export const sweepSecrets = defineOrchestrator('sweepSecrets', ['rotate'], function* (context, input: SweepSecretsInput) {
  const { vault, lookMs } = input;
  const sweep = context.df.instanceId;
  const part = input.part ?? (yield* findWork(context, input));
  if (part.total === 0) return { vault, found: 0 };

  const dispatcher = new Dispatcher(context, vault, part.backlog, part.state);
  let { taken } = part;
  while (dispatcher.started < STARTS_AT_MOST) {
    if (dispatcher.startAll(STARTS_AT_MOST) === 'blocked' && taken < part.total && dispatcher.backlog.length < BACKLOG_AT_MOST) {
      const more = yield* call(context, takeDueSecrets, { vault, sweep, from: taken, most: TAKEN_AT_ONCE });
      // Without more a newer sweep has taken this one's place.
      taken = more.length === 0 ? part.total : taken + more.length;
      dispatcher.add(more);
    } else if (!dispatcher.isWaiting) break;
    else yield* dispatcher.next();
  }
  yield* dispatcher.drain();
  if (!context.df.isReplaying)
    for (const [reason, started] of Object.entries(dispatcher.reasons))
      context.info(metricLine('sweep_started_total', started, { vault, reason }));

  yield* call(context, noteDispatch, { vault, health: dispatcher.state.health });
  if (dispatcher.started === STARTS_AT_MOST) {
    const rest: Part = { total: part.total, taken, backlog: dispatcher.backlog, state: dispatcher.state };
    context.df.continueAsNew({ vault, lookMs, part: rest } satisfies SweepSecretsInput);
  }
  return { vault, found: part.total, heldBack: dispatcher.backlog.length };
});

function* findWork(context: OrchestrationContext, { vault, lookMs }: SweepSecretsInput): Steps<Part> {
  const { total, state } = yield* call(context, findDueSecrets, { vault, sweep: context.df.instanceId, lookMs });
  return { total, taken: 0, backlog: [], state };
}
