import type { OrchestrationContext, Task } from 'durable-functions';
import type { WorkItem } from '../domain/rotation/checks.ts';
import { afterEnd, type DispatchOutcome, type DispatchState, nextStart } from '../domain/rotation/dispatch.ts';
import type { Requester } from '../domain/rotation/requester.ts';
import { subjectOf } from '../domain/rotation/subject.ts';
import type { Run } from '../domain/run.ts';
import { requestedRunId } from '../domain/run-id.ts';
import { DISPATCH_LOOKS, waitMs } from '../domain/waiting.ts';
import type { Steps } from './durable.ts';
import { type RetireSecretInput, retireSecret } from './retire-secret.ts';
import { type RotateSecretInput, rotateSecret } from './rotate-secret.ts';

type Flight = Readonly<{ item: WorkItem; task: Task }>;

/** Runs work on the secrets of one vault, as much at once as the vault and the targets take. What begins when is the domain's decision. */
export class Dispatcher {
  readonly #context: OrchestrationContext;
  readonly #vault: string;
  readonly #by: Requester;
  #backlog: readonly WorkItem[];
  #state: DispatchState;
  #inFlight: readonly Flight[] = [];
  /** Begun, and not yet handed to the engine, which takes a task once. */
  #fresh: readonly Task[] = [];
  #pauseMs = 0;
  #idleLooks = 0;
  #started = 0;
  #reasons: Readonly<Partial<Record<WorkItem['reason'], number>>> = {};

  constructor(context: OrchestrationContext, vault: string, backlog: readonly WorkItem[], state: DispatchState) {
    this.#context = context;
    this.#vault = vault;
    this.#by = { kind: 'sweep', id: context.df.instanceId };
    this.#backlog = backlog;
    this.#state = state;
  }

  get backlog(): readonly WorkItem[] {
    return this.#backlog;
  }
  get state(): DispatchState {
    return this.#state;
  }
  get started(): number {
    return this.#started;
  }
  /** How many were started, by why. */
  get reasons(): Readonly<Partial<Record<WorkItem['reason'], number>>> {
    return this.#reasons;
  }
  /** Whether something is under way, or the budget's next moment is waited for. */
  get isWaiting(): boolean {
    return this.#inFlight.length > 0 || this.#pauseMs > 0;
  }

  add(items: readonly WorkItem[]): void {
    this.#backlog = [...this.#backlog, ...items];
  }

  /** Begins what may begin now. @returns Why it stopped. */
  startAll(most: number): 'blocked' | 'paused' | 'enough' {
    this.#pauseMs = 0;
    while (this.#started < most) {
      const targets = this.#inFlight.map(({ item }) => item.target);
      const next = nextStart(this.#backlog, targets, this.#state, this.#now());
      if (next.next === 'blocked') return 'blocked';
      if (next.next === 'wait') {
        this.#pauseMs = next.ms;
        return 'paused';
      }
      this.#state = next.state;
      this.#backlog = this.#backlog.filter((item) => item !== next.item);
      const task = this.#start(next.item);
      this.#fresh = [...this.#fresh, task];
      this.#inFlight = [...this.#inFlight, { item: next.item, task }];
      this.#started += 1;
      const { reason } = next.item;
      this.#reasons = { ...this.#reasons, [reason]: (this.#reasons[reason] ?? 0) + 1 };
    }
    return 'enough';
  }

  /**
   * Waits a while, or until one of the newest has ended. Those begun before cannot be waited for a second time: Azure would run them twice.
   * So it looks at them again and again, less often while nothing ends.
   */
  *next(): Steps<void> {
    const ms = Math.max(this.#pauseMs, waitMs(DISPATCH_LOOKS, this.#idleLooks));
    const timer = this.#context.df.createTimer(new Date(Date.parse(this.#now()) + ms));
    const fresh = this.#fresh;
    this.#fresh = [];
    yield fresh.length > 0 ? this.#context.df.Task.any([...fresh, timer]) : timer;
    if (!timer.isCompleted) timer.cancel();
    this.#idleLooks = this.#takeEnded() > 0 || this.#pauseMs > 0 ? 0 : this.#idleLooks + 1;
  }

  /** Waits until all that is under way has ended. */
  *drain(): Steps<void> {
    this.#pauseMs = 0;
    while (this.#inFlight.length > 0) yield* this.next();
  }

  /** @returns How many. */
  #takeEnded(): number {
    const ended = this.#inFlight.filter(({ task }) => task.isCompleted);
    for (const { item, task } of ended) this.#state = afterEnd(this.#state, item, outcomeOf(task), this.#now());
    this.#inFlight = this.#inFlight.filter(({ task }) => !task.isCompleted);
    return ended.length;
  }

  /** A run never throws: it ends with its record, failed or not. */
  #start({ name, action, reason }: WorkItem): Task {
    const vault = this.#vault;
    const id = requestedRunId('rotation', subjectOf(vault, name), this.#now());
    if (action === 'retire')
      return this.#context.df.callSubOrchestrator(retireSecret.name, { vault, name, by: this.#by } satisfies RetireSecretInput, id);
    const check = action === 'check' && { check: true };
    const input: RotateSecretInput = { vault, name, trigger: 'sweep', mode: 'normal', reason, by: this.#by, wanted: null, ...check };
    return this.#context.df.callSubOrchestrator(rotateSecret.name, input, id);
  }

  #now(): string {
    return this.#context.df.currentUtcDateTime.toISOString();
  }
}

function outcomeOf(task: Task): DispatchOutcome {
  if (task.isFaulted) return { result: 'failed', throttled: false };
  const { status, result } = task.result as Run;
  const throttled = Number(result?.['throttled'] ?? 0) > 0;
  if (status === 'Failed') return { result: 'failed', throttled };
  return { result: result?.['outcome'] === 'nothing' ? 'nothing' : 'ok', throttled };
}
