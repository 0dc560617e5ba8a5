import type { DurableClient, OrchestrationContext, Task } from 'durable-functions';
import type { Orchestrator, Steps } from '../../../src/orchestrators/durable.ts';
import type { World } from './world.ts';

/** An activity as it is registered. */
type Run = (input: unknown) => Promise<unknown>;

/** What an orchestrator asks for. `number` counts the calls of an execution, from 0. */
type Call =
  | Readonly<{ kind: 'activity'; number: number; name: string; input: string }>
  | Readonly<{ kind: 'timer'; number: number; dueMs: number }>
  | Readonly<{ kind: 'child'; number: number; name: string; input: string; id: string }>;

/** A call as the orchestrator holds it in its hand; what it knows of its end is what the execution has come to in the history. */
class Asked {
  readonly call: Call;
  readonly #execution: Execution;

  constructor(call: Call, execution: Execution) {
    this.call = call;
    this.#execution = execution;
  }
  get ended(): Ended | undefined {
    return this.#execution.ended.get(this.call.number);
  }
  get isCompleted(): boolean {
    return this.ended !== undefined;
  }
  get isFaulted(): boolean {
    return this.ended !== undefined && 'failure' in this.ended;
  }
  get result(): unknown {
    return this.ended && 'value' in this.ended ? JSON.parse(this.ended.value) : undefined;
  }
  cancel(): void {
    this.#execution.open.delete(this.call.number);
  }
}

/** What an orchestrator waits for: one call, all of some, or the first of some. */
type Waiting = Asked | Readonly<{ all: readonly Asked[] }> | Readonly<{ any: readonly Asked[] }>;

/** How a call ended, as JSON: nothing else survives. */
type Ended = Readonly<{ at: string; value: string } | { at: string; failure: string }>;

type Instance = {
  readonly id: string;
  readonly name: string;
  readonly startedAt: string;
  input: string;
  /** What ended, in order. */
  history: Readonly<{ number: number; ended: Ended }>[];
  /** What the history says was called, to see that a replay calls the same. */
  called: string[];
  status: 'Running' | 'Completed' | 'Failed';
  customStatus: unknown;
  output: unknown;
  parent: Readonly<{ id: string; number: number }> | undefined;
};

/** An execution in memory: lost with the process. */
type Execution = {
  generator: Steps<unknown>;
  waiting: Waiting | undefined;
  /** The time of the newest event that it has come to. */
  at: string;
  calls: number;
  again: string | undefined;
  /** How far it has come in the history, and what had ended there. */
  position: number;
  readonly ended: Map<number, Ended>;
  /** Asked for and not ended. */
  readonly open: Map<number, Call>;
};

const MOST_TURNS = 3_000;

/**
 * Drives the generators of real orchestrators as Durable Functions does: results are kept, everything else is forgotten when the host dies,
 * and the orchestrator is replayed. An activity whose result was not kept runs again. Timers follow the world's clock.
 */
export class TaskHub {
  readonly #world: World;
  readonly #orchestrators: ReadonlyMap<string, Orchestrator<never>>;
  readonly #activities: ReadonlyMap<string, Run>;
  #instances = new Map<string, Instance>();
  #executions = new Map<string, Execution>();
  #lastEnd = '';
  #lastRun = '';
  /** Told of every orchestration that ends. */
  onEnd: (instance: Readonly<{ id: string; name: string; output: unknown }>) => void = () => {};

  constructor(world: World, orchestrators: readonly Orchestrator<never>[], activities: ReadonlyMap<string, Run>) {
    this.#world = world;
    this.#orchestrators = new Map(orchestrators.map((one) => [one.name, one]));
    this.#activities = activities;
  }

  start(name: string, id: string, input: unknown, parent?: Instance['parent']): void {
    if (this.#instances.get(id)?.status === 'Running') throw new Error(`an instance ${id} is running`);
    this.#instances.set(id, {
      id,
      name,
      startedAt: this.#world.now,
      input: JSON.stringify(input),
      history: [],
      called: [],
      status: 'Running',
      customStatus: null,
      output: undefined,
      parent,
    });
  }

  /** The client that functions are given; only what rotations use. */
  client(): DurableClient {
    const client = {
      getStatus: async (id: string) => {
        const found = this.#instances.get(id);
        return found && { runtimeStatus: found.status, input: JSON.parse(found.input), customStatus: found.customStatus };
      },
      startNew: async (name: string, { instanceId, input }: { instanceId: string; input: unknown }) => this.start(name, instanceId, input),
    };
    return client as unknown as DurableClient;
  }

  /** Forgets what only the process knew. */
  crash(): void {
    this.#executions.clear();
  }

  /** Forgets everything, as when the task hub is deleted. */
  lose(): void {
    this.#instances.clear();
    this.#executions.clear();
  }

  /** How the orchestration ended that ended last, for the report of a violation. */
  lastEnd = (): string => this.#lastEnd;

  /** The end of the rotation that ended last: what a person reads. */
  lastRun = (): string => this.#lastRun;

  /** What is stored of all orchestrations. */
  everything(): string {
    return JSON.stringify([...this.#instances.values()]);
  }

  /**
   * Goes on with whatever can go on, in the order that `pick` chooses; where all wait, time moves on.
   *
   * @param turns How many results at most.
   */
  async run(pick: (among: number) => number, turns = MOST_TURNS): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) {
      const open = this.#openCalls();
      if (open.length === 0) return;
      const ready = open.filter(({ fromMs }) => fromMs <= Date.parse(this.#world.now));
      if (ready.length === 0) {
        this.#world.advanceTo(Math.min(...open.map(({ fromMs }) => fromMs)));
        continue;
      }
      const { instance, call } = ready[pick(ready.length)] ?? (ready[0] as (typeof ready)[0]);
      await this.#carryOut(instance, call);
      if (turn === MOST_TURNS - 1) this.#world.violated('F', 'it runs for ever');
    }
  }

  async #carryOut(instance: Instance, call: Call): Promise<void> {
    if (call.kind !== 'activity') return this.#end(instance, call.number, { at: this.#world.now, value: 'null' });
    const run = this.#activities.get(call.name);
    if (!run) throw new Error(`there is no activity ${call.name}`);
    const crash = this.#world.nextCrash();
    const result = await Promise.race([crash, attempt(run, call.input)]);
    if (result === 'crashed') {
      this.crash();
      return this.#world.restart();
    }
    this.#end(instance, call.number, { at: this.#world.now, ...result });
  }

  #end(instance: Instance, number: number, ended: Ended): void {
    instance.history.push({ number, ended });
  }

  /** Calls that can be carried out, now or later; what has results is gone on with first. */
  #openCalls(): { instance: Instance; call: Call; fromMs: number }[] {
    // One that ends may be waited for by another, and one that goes on may start others.
    for (let moved = true; moved; ) moved = [...this.#instances.values()].map((instance) => this.#goOn(instance)).includes(true);
    return [...this.#instances.values()]
      .filter(({ status }) => status === 'Running')
      .flatMap((instance) => {
        const { open } = this.#executions.get(instance.id) as Execution;
        const ended = new Set(instance.history.map(({ number }) => number));
        return [...open.values()]
          .filter(({ kind, number }) => kind !== 'child' && !ended.has(number))
          .map((call) => ({ instance, call, fromMs: fromMs(call) }));
      });
  }

  /** Goes through the history, event by event, and resumes the orchestrator whenever it has what it waits for; tells whether it moved. */
  #goOn(instance: Instance): boolean {
    for (let moved = false; ; moved = true) {
      if (instance.status !== 'Running') return moved;
      const execution = this.#executions.get(instance.id) ?? this.#begin(instance);
      if (hasItsWish(execution.waiting)) {
        this.#resume(instance, execution);
        continue;
      }
      const event = instance.history[execution.position];
      if (!event) return moved;
      execution.position += 1;
      execution.at = event.ended.at;
      execution.ended.set(event.number, event.ended);
      execution.open.delete(event.number);
    }
  }

  #begin(instance: Instance): Execution {
    const orchestrator = this.#orchestrators.get(instance.name);
    if (!orchestrator) throw new Error(`there is no orchestrator ${instance.name}`);
    const execution: Execution = {
      generator: undefined as unknown as Steps<unknown>,
      waiting: undefined,
      at: instance.startedAt,
      calls: 0,
      again: undefined,
      position: 0,
      ended: new Map(),
      open: new Map(),
    };
    execution.generator = orchestrator.handler(this.#contextOf(instance, execution));
    this.#executions.set(instance.id, execution);
    return execution;
  }

  #resume(instance: Instance, execution: Execution): void {
    const { generator, waiting } = execution;
    try {
      const failed = waiting && !('any' in waiting) ? askedOf(waiting).find(({ isFaulted }) => isFaulted) : undefined;
      const next = failed ? generator.throw(new Error(failureOf(failed))) : generator.next(answerTo(waiting));
      if (!next.done) {
        execution.waiting = next.value as unknown as Waiting;
        for (const { call, isCompleted } of askedOf(execution.waiting)) if (!isCompleted) this.#note(instance, execution, call);
      } else if (execution.again === undefined) this.#finish(instance, 'Completed', next.value);
      else this.#startAnew(instance, execution.again);
    } catch (error) {
      // A run ends with its record, whatever happens; a sweep is none.
      if (instance.parent || !instance.id.startsWith('sweep')) this.#world.violated('F', `${instance.name} threw ${String(error)}`);
      this.#finish(instance, 'Failed', String(error));
    }
  }

  /** The first time a call is begun; a replay must come to the same. */
  #note(instance: Instance, execution: Execution, call: Call): void {
    execution.open.set(call.number, call);
    const said = `${call.kind} ${'name' in call ? `${call.name} ${call.input}` : call.dueMs}`;
    const before = instance.called[call.number];
    if (before === undefined) {
      instance.called[call.number] = said;
      if (call.kind === 'child') this.#startChild(instance, call);
    } else if (before !== said) {
      this.#world.violated('replay', `${instance.name} called ${said}, and had called ${before}`);
    }
  }

  /** One whose id is in use fails like one that was started. */
  #startChild(instance: Instance, { name, id, input, number }: Extract<Call, { kind: 'child' }>): void {
    if (this.#instances.get(id)?.status === 'Running') this.#end(instance, number, { at: this.#world.now, failure: 'the id is in use' });
    else this.start(name, id, JSON.parse(input), { id: instance.id, number });
  }

  #startAnew(instance: Instance, input: string): void {
    Object.assign(instance, { input, history: [], called: [] });
    this.#executions.delete(instance.id);
  }

  #finish(instance: Instance, status: 'Completed' | 'Failed', output: unknown): void {
    instance.status = status;
    instance.output = output;
    this.#executions.delete(instance.id);
    this.#lastEnd = JSON.stringify(output);
    if (!instance.id.startsWith('sweep')) this.#lastRun = this.#lastEnd;
    this.onEnd(instance);
    const { parent } = instance;
    const waiting = parent && this.#instances.get(parent.id);
    if (parent && waiting) this.#end(waiting, parent.number, { at: this.#world.now, value: JSON.stringify(output ?? null) });
  }

  #contextOf(instance: Instance, execution: Execution): OrchestrationContext {
    const number = () => execution.calls++;
    const text = (input: unknown) => JSON.stringify(input ?? null);
    const task = (call: Call) => new Asked(call, execution) as unknown as Task;
    const df = {
      instanceId: instance.id,
      get isReplaying() {
        return execution.position < instance.history.length;
      },
      get currentUtcDateTime() {
        return new Date(execution.at);
      },
      getInput: () => JSON.parse(instance.input),
      setCustomStatus: (status: unknown) => {
        instance.customStatus = JSON.parse(text(status));
      },
      callActivity: (name: string, input: unknown) => task({ kind: 'activity', number: number(), name, input: text(input) }),
      createTimer: (due: Date) => task({ kind: 'timer', number: number(), dueMs: due.getTime() }),
      callSubOrchestrator: (name: string, input: unknown, id: string) =>
        task({ kind: 'child', number: number(), name, input: text(input), id }),
      continueAsNew: (input: unknown) => {
        execution.again = text(input);
      },
      Task: { all: (all: readonly Asked[]) => ({ all }), any: (any: readonly Asked[]) => ({ any }) },
    };
    const silent = { info() {}, warn() {}, error() {} };
    return { df, ...silent } as unknown as OrchestrationContext;
  }
}

const askedOf = (waiting: Waiting | undefined): readonly Asked[] =>
  waiting === undefined ? [] : 'all' in waiting ? waiting.all : 'any' in waiting ? waiting.any : [waiting];

function hasItsWish(waiting: Waiting | undefined): boolean {
  const completed = askedOf(waiting).map(({ isCompleted }) => isCompleted);
  return waiting && 'any' in waiting ? completed.includes(true) : !completed.includes(false);
}

function answerTo(waiting: Waiting | undefined): unknown {
  if (waiting && 'all' in waiting) return waiting.all.map(({ result }) => result);
  return waiting && 'any' in waiting ? waiting.any.find(({ isCompleted }) => isCompleted) : askedOf(waiting)[0]?.result;
}

const failureOf = ({ ended }: Asked): string => (ended && 'failure' in ended ? ended.failure : '');

const fromMs = (call: Call): number => (call.kind === 'timer' ? call.dueMs : 0);

async function attempt(run: Run, input: string): Promise<Readonly<{ value: string } | { failure: string }>> {
  try {
    return { value: JSON.stringify((await run(JSON.parse(input))) ?? null) };
  } catch (error) {
    return { failure: `failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}
