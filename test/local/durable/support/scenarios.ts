import { expect, vi } from 'vitest';
import type { DurableEngine } from '../../../../src/local/host/durable/engine-api.ts';
import type { Ended } from './engines.ts';
import { world } from './fixture-app.ts';

/** One orchestration of the fixture app: what it is given, what happens to it while it runs, what it must come to. */
export type Scenario = Readonly<{
  /** A sentence about behaviour. */
  title: string;
  name: string;
  input?: unknown;
  meanwhile?: (engine: DurableEngine, instanceId: string) => Promise<void>;
  /** The output; when `fails`, the start of the text after "failed: ". */
  output?: unknown;
  fails?: string;
  check?: (instance: Ended) => void;
}>;

const json = JSON.stringify;
const status = (engine: DurableEngine, instanceId: string, expected: unknown): Promise<void> =>
  vi.waitFor(() => expect(engine.get(instanceId)?.customStatus).toEqual(expected), { interval: 5, timeout: 5000 });
const historyHas = (engine: DurableEngine, instanceId: string, eventType: number, count: number): Promise<void> =>
  vi.waitFor(() => expect(engine.history(instanceId).filter(({ EventType }) => EventType === eventType)).toHaveLength(count), {
    interval: 5,
  });

export const SCENARIOS: readonly Scenario[] = [
  { title: 'runs steps one after the other', name: 'sequence', input: { steps: 5 }, output: 5 },
  {
    title: 'hands inputs to activities as the Durable extension prints them',
    name: 'inputs',
    output: [
      ...['abc', '123', 'true', ''].map((value) => ({ type: 'string', value })),
      ...[5, 1.5].map((value) => ({ type: 'number', value })),
      ...['True', 'False'].map((value) => ({ type: 'string', value })),
      ...[1, 2].map(() => ({ type: 'undefined', value: 'nothing' })),
      ...[{ a: 1 }, [1, 2]].map((value) => ({ type: 'object', value })),
    ],
  },
  {
    title: 'hands results back as plain data',
    name: 'results',
    check: ({ output, instanceId }) => expect(output).toEqual([Buffer.from('bytes').toString('base64'), null, instanceId]),
  },
  {
    title: 'lets an orchestrator catch the failure of an activity',
    name: 'catches',
    output: { isError: true, message: "Activity function 'refuse' failed: no such vault" },
  },
  {
    title: 'fails with the activity and keeps the custom status',
    name: 'failsByActivity',
    fails: "Activity function 'refuse' failed: no such vault",
    check: ({ customStatus }) => expect(customStatus).toEqual({ at: 'the refusal' }),
  },
  {
    title: 'tells an orchestrator, and its parent, the structured failure of an activity',
    name: 'learnsDetails',
    output: [1, 2].map(() => ({
      name: 'TaskFailedError',
      errorType: 'RangeError',
      errorMessage: 'too many versions',
      properties: { vault: 'contoso-kv' },
    })),
  },
  { title: 'fails when the orchestrator throws', name: 'throws', fails: 'the plan is empty' },
  {
    title: 'fails the call of an activity that does not exist',
    name: 'callsMissing',
    output: "Activity function 'nowhere' failed: The function 'nowhere' doesn't exist, is disabled, or is not an activity function.",
  },
  {
    title: 'tries an activity again until it succeeds',
    name: 'retrySucceeds',
    check: ({ output, instanceId }) => expect(output).toBe(`attempt 3 of ${instanceId} succeeded`),
  },
  {
    title: 'gives up after the last attempt and goes on',
    name: 'retryGivesUp',
    check: ({ output, instanceId }) =>
      expect(output).toEqual({ message: `Activity function 'failTimes' failed: attempt 3 of ${instanceId} failed`, next: 2 }),
  },
  {
    title: 'keeps the numbers of calls apart while a retry is open beside them',
    name: 'retryBesideOthers',
    check: ({ output, instanceId }) =>
      expect(output).toEqual({ first: true, second: 'second', third: 'third', retried: `attempt 3 of ${instanceId} succeeded` }),
  },
  { title: 'fans out and in', name: 'fanOut', input: { width: 50 }, output: 1275 },
  { title: 'fans out over failing activities with retries', name: 'fanOutWithRetries', output: { all: 7, next: 42 } },
  { title: 'fails a fan-out with its first failure', name: 'fanOutFails', output: "Activity function 'refuse' failed: one of three" },
  { title: 'takes the activity that beats a deadline', name: 'raceTimer', input: { ms: 5, deadlineMs: 2000 }, output: 'done' },
  { title: 'takes the deadline that beats an activity', name: 'raceTimer', input: { ms: 150, deadlineMs: 30 }, output: 'too late' },
  {
    title: 'waits by a durable timer',
    name: 'waits',
    input: { ms: 60 },
    check: ({ output }) => expect(output).toEqual({ waitedMs: expect.toSatisfy((ms: number) => ms >= 60), next: 2 }),
  },
  {
    title: 'waits by a long timer, piece by piece',
    name: 'waits',
    input: { ms: 750 },
    check: ({ output }) => expect(output).toEqual({ waitedMs: expect.toSatisfy((ms: number) => ms >= 750), next: 2 }),
  },
  {
    title: 'never fires a timer that was cancelled before it was made',
    name: 'cancelsAtOnce',
    meanwhile: async (engine, instanceId) => {
      await historyHas(engine, instanceId, 10, 1);
      expect(engine.stats().dueTimers).toBe(0);
      await engine.raiseEvent(instanceId, 'go', null);
    },
    output: 2,
  },
  {
    title: 'runs sub-orchestrations, with and without an id, failing and failing again',
    name: 'parent',
    check: ({ output, instanceId }) =>
      expect(output).toEqual({
        ownParent: true,
        named: `${instanceId}-child`,
        got: { k: 2 },
        failed: "Orchestrator function 'child' failed: no key",
        retried: "Orchestrator function 'child' failed: still no key",
      }),
  },
  {
    title: 'tells a parent that its child was terminated',
    name: 'parentOfWaiting',
    meanwhile: async (engine, instanceId) => {
      await vi.waitFor(() => expect(engine.get(`${instanceId}-child`)?.status).toBe('Running'), { interval: 5 });
      await engine.terminate(`${instanceId}-child`, 'enough');
    },
    output: 'enough',
  },
  {
    title: 'fails the call of an orchestrator that does not exist',
    name: 'parentOfMissing',
    output: "The function 'nobody' doesn't exist, is disabled, or is not an orchestrator function.",
  },
  {
    title: 'keeps an event that comes before anything waits for it',
    name: 'events',
    meanwhile: async (engine, instanceId) => {
      await status(engine, instanceId, 'waiting');
      await engine.raiseEvent(instanceId, 'B', json(2));
      await historyHas(engine, instanceId, 15, 1);
      await engine.raiseEvent(instanceId, 'A', json(1));
      await engine.raiseEvent(instanceId, 'P', json('p'));
      await engine.raiseEvent(instanceId, 'Q', json('q'));
    },
    output: { a: 1, b: 2, p: 'p', q: 'q' },
    check: ({ customStatus }) => expect(customStatus).toEqual({ got: 2 }),
  },
  {
    title: 'serves two waits for one event last first',
    name: 'twoWaits',
    meanwhile: async (engine, instanceId) => {
      await historyHas(engine, instanceId, 13, 1);
      await engine.raiseEvent(instanceId, 'X', json(1));
      await engine.raiseEvent(instanceId, 'X', json(2));
    },
    output: [2, 1],
  },
  {
    title: 'continues as new with a timer, an event and an activity open',
    name: 'generations',
    input: { generation: 0, last: 4 },
    output: 'generation 4',
  },
  {
    title: 'does not run what is called after continue-as-new',
    name: 'callsAfterContinueAsNew',
    input: { generation: 0 },
    output: 3,
    check: () => expect(world().ran['neverCalled']).toBeUndefined(),
  },
  { title: 'gives a text input to the next generation as JSON text', name: 'continuesWithText', input: {}, output: '"abc"' },
  {
    title: 'loses none of twenty events over twenty generations',
    name: 'collects',
    input: { got: [], wanted: 20 },
    meanwhile: async (engine, instanceId) => {
      await Promise.all(Array.from({ length: 20 }, (_, n) => engine.raiseEvent(instanceId, 'item', json(n))));
    },
    output: Array.from({ length: 20 }, (_, n) => n),
  },
  {
    title: 'carries events that nothing waited for into the next generation, in order',
    name: 'carriesUnread',
    input: {},
    meanwhile: async (engine, instanceId) => {
      await engine.raiseEvent(instanceId, 'later', json('first'));
      await engine.raiseEvent(instanceId, 'later', json('second'));
      await engine.raiseEvent(instanceId, 'now', json('now'));
    },
    output: ['now', 'first', 'second'],
  },
  {
    title: 'makes the same identifiers in every replay',
    name: 'guids',
    output: { same: true, another: true },
  },
  {
    title: 'turns a property named Timestamp into a date, as the library does',
    name: 'readsTimestamp',
    input: { Timestamp: '2026-01-01T00:00:00Z' },
    output: '[object Date]',
  },
  {
    title: 'terminates a waiting instance with the reason as its output',
    name: 'waitsForever',
    meanwhile: (engine, instanceId) => engine.terminate(instanceId, 'no longer needed'),
    check: ({ status, output }) => expect({ status, output }).toEqual({ status: 'Terminated', output: 'no longer needed' }),
  },
  {
    title: 'runs nothing while suspended and goes on when resumed',
    name: 'slowSequence',
    meanwhile: async (engine, instanceId) => {
      await engine.suspend(instanceId, 'maintenance');
      await vi.waitFor(() => expect(engine.get(instanceId)?.status).toBe('Suspended'), { interval: 5 });
      await vi.waitFor(() => expect(engine.stats()).toMatchObject({ runningActivities: 0, queuedActivities: 0 }), { interval: 5 });
      expect(engine.get(instanceId)?.status).toBe('Suspended');
      await engine.resume(instanceId, 'done');
    },
    output: 6,
  },
];
