import { decide, failed } from './decision.ts';
import { end } from './ending.ts';
import { beginEpisode, type Episode, type Plan, rest } from './episode.ts';
import { type LiveInstance, takeBatch } from './live-instance.ts';
import type { Machine } from './machine.ts';
import { createdEvent } from './protocol/calls.ts';
import { type HistoryEvent, isControl, orchestratorStarted } from './protocol/events.ts';
import { type ReplayOutcome, replay } from './protocol/replay.ts';
import { noSuchOrchestrator } from './start.ts';
import { continueAsNew, control, goOn } from './transitions.ts';

/** Runs one episode: messages in, orchestrator over its history, changes out. Resolves when the changes are on their way to the store. */
export async function runEpisode(machine: Machine, instance: LiveInstance): Promise<void> {
  if (machine.stopped) return;
  const batch = takeBatch(instance, machine.maxMessagesPerEpisode);
  instance.taken = batch;
  const episode = beginEpisode(machine, instance, batch);

  const [first] = episode.heard;
  if (first === undefined) episode.commit([], () => rest(machine, instance));
  else if (isControl(first)) control(episode, first);
  else await orchestrate(episode);
}

async function orchestrate(episode: Episode): Promise<void> {
  const plan = await makePlan(episode);
  // What the episode took out of the inbox was stored by the engine's stop.
  if (episode.machine.stopped) return;

  const { next } = plan.decision;
  if (next.kind === 'wait') goOn(episode, plan);
  else if (next.kind === 'continueAsNew') continueAsNew(episode, plan, next);
  else end(episode, plan, next);
}

async function makePlan({ machine, instance, heard, atMs, at }: Episode): Promise<Plan> {
  const { row, created, timers } = instance;
  const fresh = [orchestratorStarted(at), ...heard];
  try {
    const outcome = await runOrchestrator(machine, instance, fresh);
    const decision = decide(outcome, { created, timers: timers.keys(), nowMs: atMs });
    return {
      decision,
      created: decision.calls.map((call) => createdEvent(call, { executionId: row.executionId, at })),
      fresh,
      customStatusJson: outcome.customStatusJson ?? row.customStatusJson,
    };
  } catch (error) {
    // A call that cannot be written down (a timer without a date, an input that is no JSON), or a library that changed under us.
    machine.log('error', 'an orchestration failed outside its code', { instanceId: row.instanceId, error });
    return { decision: failed((error as Error).message, created), created: [], fresh, customStatusJson: row.customStatusJson };
  }
}

async function runOrchestrator(machine: Machine, { row, pastJson }: LiveInstance, fresh: readonly HistoryEvent[]): Promise<ReplayOutcome> {
  const fn = machine.app.find(row.name, 'orchestrationTrigger');
  if (fn === undefined) return { end: { kind: 'threw', message: noSuchOrchestrator(row.name) } };
  return replay(machine.app, fn, {
    instanceId: row.instanceId,
    parentInstanceId: row.parent?.instanceId ?? null,
    inputJson: row.inputJson,
    pastJson,
    fresh,
    timers: machine.timerLengths,
  });
}
