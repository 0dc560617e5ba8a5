import { vi } from 'vitest';
import { RefusedError, TransientError } from '../../../src/clients/errors.ts';

/** What goes on outside the process of the app. */
export type Place = 'vault' | 'escrow' | 'target' | 'documents';

/** What can happen to one request. */
export const TROUBLES = [
  /** The host dies before the request is sent; after it took effect; while it is on its way. */
  'crash-before',
  'crash-after',
  'crash-late',
  /** The request is lost; its answer is lost; it takes effect later than anybody waits for the answer. */
  'lost',
  'answer-lost',
  'late',
  /** 429, and 403. */
  'throttled',
  'forbidden',
] as const;
export type Trouble = (typeof TROUBLES)[number];

/** Something that comes between: before the so-manieth request after the one before it. */
export type Disturbance = Readonly<{ after: number; trouble: Trouble | 'intervention' }>;

/** Something that happens at the first request whose name matches, and at the next ones, so many times in all. */
export type Trap = Readonly<{ at: RegExp; times?: number }> &
  (Readonly<{ trouble: Trouble }> | Readonly<{ before(): unknown }> | Readonly<{ after(): unknown }>);

/** How a place says what went wrong. `unknown`: no answer came. */
export type Failing = (kind: 'unknown' | 'throttled' | 'forbidden') => unknown;

/** Thrown by nobody: requests of a dead host are never answered. */
const NEVER = new Promise<never>(() => {});

/** Late requests take effect this many requests later at most, or when this much time has passed. */
const LATE_REQUESTS = 12;
export const LATE_MS = 25_000;

/**
 * All that is outside the app: its clock, and every request it makes, at which the host may die, the network fail or a person come between.
 * Time stands still unless it is moved.
 */
export class World {
  /** Requests made so far. */
  requests = 0;
  /** What was found to be wrong, in order. */
  readonly violations: string[] = [];
  /** What happened, for the report of a violation. */
  readonly story: string[] = [];
  /** Looked at after every effect. */
  invariant: () => void = () => {};
  /** Done by somebody else at a disturbance `intervention`. */
  intervene: () => void = () => {};
  crashed = false;
  /** How many requests took effect late. */
  landed = 0;
  /** How often the host was started. */
  lives = 1;
  /** Every value that was ever made; none may turn up where it is stored in clear. */
  readonly values: string[] = [];

  #nowMs: number;
  #queue: Disturbance[] = [];
  #sinceLast = 0;
  #traps: { trap: Trap; left: number }[] = [];
  #late: { dueMs: number; dueRequest: number; land: () => void }[] = [];
  #onCrash: () => void = () => {};

  constructor(startsAt: string) {
    this.#nowMs = Date.parse(startsAt);
    vi.setSystemTime(this.#nowMs);
  }

  get now(): string {
    return new Date(this.#nowMs).toISOString();
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    vi.setSystemTime(this.#nowMs);
    this.#landDue();
  }

  /** Moves the clock to an instant, never back. */
  advanceTo(ms: number): void {
    if (ms > this.#nowMs) this.advance(ms - this.#nowMs);
  }

  disturb(disturbances: readonly Disturbance[]): void {
    this.#queue = [...disturbances];
    this.#sinceLast = 0;
  }

  /** Sets traps, in place of those that are set. */
  setTraps(...traps: readonly Trap[]): void {
    this.#traps = traps.map((trap) => ({ trap, left: trap.times ?? 1 }));
  }

  /** Those that nothing has come to. */
  get unsprung(): readonly Trap[] {
    return this.#traps.filter(({ trap, left }) => left === (trap.times ?? 1)).map(({ trap }) => trap);
  }

  /** From now on nothing goes wrong; what is on its way arrives. */
  calm(): void {
    this.#queue = [];
    this.#traps = [];
    this.landAll();
  }

  /** What is under way takes effect, as when the lock that it holds is waited for. */
  landAll(): void {
    const late = this.#late;
    this.#late = [];
    for (const { land } of late) this.#land(land);
  }

  newValue(prefix: string): string {
    const value = `${prefix}-value-${this.values.length + 1}`;
    this.values.push(value);
    return value;
  }

  violated(property: string, what: string): void {
    const told = this.story.filter((line) => !/: (list|read|versions)/.test(line)).slice(-60);
    this.violations.push(`${property}: ${what}\n  after: ${told.join('\n         ')}`);
  }

  /** Resolves when the host dies. */
  nextCrash(): Promise<'crashed'> {
    return new Promise((resolve) => {
      this.#onCrash = () => resolve('crashed');
    });
  }

  restart(): void {
    this.crashed = false;
    this.lives += 1;
    this.story.push('the host starts');
  }

  /** One request to the outside. `mayBeLate`: it may take effect after everybody stopped waiting for its answer. */
  async request<T>(what: string, perform: () => T, fail: Failing, mayBeLate = false): Promise<T> {
    if (this.crashed) return NEVER;
    this.requests += 1;
    this.#landDue();
    const trap = this.#spring(what);
    if (trap && 'before' in trap) await trap.before();
    const trouble = trap && 'trouble' in trap ? trap.trouble : this.#nextTrouble();
    if (trouble === undefined) {
      const result = this.#effect(what, perform);
      if (trap && 'after' in trap) await trap.after();
      return result;
    }
    this.story.push(`${trouble} at ${what}`);
    return this.#meet(trouble, what, perform, fail, mayBeLate);
  }

  #meet<T>(trouble: Trouble | 'intervention', what: string, perform: () => T, fail: Failing, mayBeLate: boolean): T | Promise<T> {
    switch (trouble) {
      case 'intervention':
        this.intervene();
        this.invariant();
        return this.#effect(what, perform);
      case 'crash-late':
      case 'crash-before':
        if (trouble === 'crash-late' && mayBeLate) this.#postpone(perform);
        return this.#crash();
      case 'crash-after':
        this.#effect(what, perform);
        return this.#crash();
      case 'late':
      case 'lost':
        if (trouble === 'late' && mayBeLate) this.#postpone(perform);
        throw fail('unknown');
      case 'answer-lost':
        this.#effect(what, perform);
        throw fail('unknown');
      default:
        throw fail(trouble);
    }
  }

  #effect<T>(what: string, perform: () => T): T {
    this.story.push(what);
    const result = perform();
    this.invariant();
    return result;
  }

  #crash(): Promise<never> {
    this.crashed = true;
    this.#onCrash();
    return NEVER;
  }

  #postpone(perform: () => unknown): void {
    this.#late.push({ dueMs: this.#nowMs + LATE_MS, dueRequest: this.requests + LATE_REQUESTS, land: perform });
  }

  #landDue(): void {
    const due = this.#late.filter(({ dueMs, dueRequest }) => dueMs <= this.#nowMs || dueRequest <= this.requests);
    if (due.length === 0) return;
    this.#late = this.#late.filter((late) => !due.includes(late));
    for (const { land } of due) this.#land(land);
  }

  #spring(what: string): Trap | undefined {
    const set = this.#traps.find(({ trap, left }) => left > 0 && trap.at.test(what));
    if (set) set.left -= 1;
    return set?.trap;
  }

  #land(land: () => void): void {
    this.landed += 1;
    this.#effect('late request', land);
  }

  #nextTrouble(): Trouble | 'intervention' | undefined {
    const [next] = this.#queue;
    this.#sinceLast += 1;
    if (!next || this.#sinceLast <= next.after) return undefined;
    this.#queue.shift();
    this.#sinceLast = 0;
    return next.trouble;
  }
}

/** How Azure services fail, in the words of the clients. */
export const azureFailing =
  (service: string): Failing =>
  (kind) =>
    kind === 'forbidden'
      ? new RefusedError({ kind, code: 'Forbidden', detail: 'no right' }, { message: `${service} refused`, hint: 'Grant the right.' })
      : new TransientError(`${service} did not answer (${kind})`);
