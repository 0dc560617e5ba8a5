import type { LoadedApp } from '../../../../src/local/host/app-model.ts';
import { EventType } from '../../../../src/local/host/durable/protocol/events.ts';
import { createWireNumbering, type WireAction } from '../numbering-from-wire.ts';

type Event = Readonly<{ EventType: number; EventId: number; Timestamp: string }>;
type Payload = Readonly<{ instanceId: string; history: readonly (Event & { OrchestrationInstance?: { ExecutionId: string } })[] }>;
type Answer = Readonly<{ actions?: readonly (readonly WireAction[])[] }>;

/** `instance number:kind` where the history and the second opinion differ, and how many numbers were compared. */
export type NumberingReport = { differences: string[]; compared: number };

/** The app, with every replay of its orchestrators watched: what the next history says of the calls must be what the wire numbering said. */
export function withNumberingCheck(app: LoadedApp, maximumShortMs: number): { app: LoadedApp; report: NumberingReport } {
  const executions = new Map<string, ReturnType<typeof createWireNumbering>>();
  const report: NumberingReport = { differences: [], compared: 0 };

  const watch = (payload: Payload, answer: Answer): void => {
    const id = payload.history.find(({ OrchestrationInstance }) => OrchestrationInstance)?.OrchestrationInstance?.ExecutionId ?? '';
    const numbering = executions.get(id) ?? createWireNumbering(maximumShortMs);
    executions.set(id, numbering);

    const begin = payload.history.findLastIndex((event) => event.EventType === EventType.OrchestratorStarted);
    compare(payload.instanceId, payload.history.slice(0, begin), numbering.expected, report);
    numbering.episode(payload.history.slice(begin), answer.actions?.[0] ?? []);
  };

  const invoke: LoadedApp['invoke'] = async (fn, inputs, options) => {
    if (fn.trigger.type !== 'orchestrationTrigger') return app.invoke(fn, inputs, options);
    const payload = JSON.parse(inputs[0]?.data.string ?? '{}') as Payload;
    try {
      const result = await app.invoke(fn, inputs, options);
      watch(payload, JSON.parse(JSON.stringify(result.raw)));
      return result;
    } catch (error) {
      watch(payload, JSON.parse((error as Error).message.split('$OutOfProcData$:')[1] ?? '{}'));
      throw error;
    }
  };
  return { app: { ...app, invoke }, report };
}

const CREATED: readonly number[] = [EventType.TaskScheduled, EventType.SubOrchestrationInstanceCreated, EventType.TimerCreated];

function compare(instanceId: string, past: readonly Event[], expected: ReadonlyMap<number, number>, report: NumberingReport): void {
  const found = new Map(past.filter((event) => CREATED.includes(event.EventType)).map((event) => [event.EventId, event.EventType]));
  for (const number of new Set([...found.keys(), ...expected.keys()])) {
    report.compared += 1;
    if (found.get(number) === expected.get(number)) continue;
    report.differences.push(`${instanceId} ${number}: the host gave ${found.get(number)}, the wire says ${expected.get(number)}`);
  }
}
