import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, later } from '../../../src/domain/rotation/duration.ts';
import type { EscrowEntry, EscrowState } from '../../../src/domain/rotation/escrow.ts';
import { isFrom, planRotation, type RotationMode, type RotationStep, type RotationTrigger } from '../../../src/domain/rotation/plan.ts';
import { type Liveness, reconcile } from '../../../src/domain/rotation/reconcile.ts';
import { parseManagement, type Tags, tagsForVersion } from '../../../src/domain/rotation/tags.ts';

type Version = { version: string; createdAt: string; value: number; tags: Tags };
type Entry = { entry: EscrowEntry; value: number; closed?: boolean };
type Asked = Readonly<{ trigger: RotationTrigger; mode: RotationMode; wanted: string | null }>;

const CONFIG: Tags = { owner: 'team', 'rot-provider': 'fake' };
const SWEEP: Asked = { trigger: 'sweep', mode: 'normal', wanted: null };

/** A vault, its escrow and a target, as they are on disk: nothing of it is memory of a run. */
class World {
  now = '2026-01-01T00:00:00.000Z';
  readonly versions: Version[];
  readonly escrow: Entry[] = [];
  /** What the target accepts; a target of one password accepts one value. */
  accepted = new Set([1]);
  readonly strategy: 'single' | 'multi';
  #values = 1;

  constructor(strategy: 'single' | 'multi') {
    this.strategy = strategy;
    this.versions = [{ version: 'v1', createdAt: this.now, value: 1, tags: CONFIG }];
  }

  get current(): Version {
    return this.versions.at(-1) as Version;
  }

  get open(): Entry | undefined {
    const newest = this.escrow.at(-1);
    return newest?.closed ? undefined : newest;
  }

  plan({ trigger, mode, wanted }: Asked): RotationStep {
    const configured = [...this.versions].reverse().find(({ tags }) => tags['rot-provider']);
    const parsed = parseManagement(configured?.tags ?? {});
    return planRotation(
      {
        vault: 'kv',
        name: 'db',
        current: { ...this.current, expiresAt: null },
        escrow: this.open?.entry ?? null,
        management: parsed.status === 'managed' ? parsed.management : null,
        tagsLost: this.current.tags['rot-provider'] === undefined,
        trigger,
        mode,
        wanted,
      },
      this.now,
    );
  }

  /** Carries out one step; `crash`: the effect on the target is there, what would have been noted of it is not. */
  carryOut(step: RotationStep, { mode }: Asked, crash = false): void {
    switch (step.step) {
      case 'escrow':
        this.escrow.push({ entry: this.#entry(step.base, step.attempt), value: this.newValue() });
        return;
      case 'apply':
        this.accept((this.open as Entry).value);
        if (crash) return;
        this.#mark('applied');
        // One password: what follows happens within the same activity.
        if (this.strategy === 'single') this.#publish(mode);
        return;
      case 'publish':
        this.#publish(mode);
        return;
      case 'confirm':
        if (this.isLive(this.current.value)) this.#mark('published');
        else this.#reconcile();
        return;
      case 'retire':
        if (this.strategy === 'multi') this.accepted = new Set([this.current.value]);
        if (crash) return;
        this.current.tags = Object.fromEntries(Object.entries(this.current.tags).filter(([name]) => name !== 'rot-grace-until'));
        if (this.open) this.open.closed = true;
        return;
      case 'reconcile':
        this.#reconcile();
    }
  }

  /** Somebody changes the password as one does: on the target, then in the vault. */
  humanChanges(withTags: boolean): void {
    const value = this.newValue();
    this.accept(value);
    this.#write(value, withTags ? CONFIG : {});
  }

  accept(value: number): void {
    this.accepted = this.strategy === 'single' ? new Set([value]) : new Set([...this.accepted, value]);
  }

  isLive = (value: number): boolean => this.accepted.has(value);
  newValue = (): number => ++this.#values;
  advance = (ms: number): void => {
    this.now = later(this.now, ms);
  };

  #entry(base: string, attempt: number): EscrowEntry {
    const count = this.escrow.length + 1;
    return { version: `e${count}`, createdAt: this.now, rotationId: `r${count}`, base, slot: '', attempt, state: 'open' };
  }

  #mark(state: EscrowState): void {
    if (this.open) this.open.entry = { ...this.open.entry, state };
  }

  #publish(mode: RotationMode): void {
    const { entry, value } = this.open as Entry;
    const config = [...this.versions].reverse().find(({ tags }) => tags['rot-provider'])?.tags ?? {};
    const graceUntil = mode === 'compromise' ? this.now : later(this.now, 7 * DAY_MS);
    this.#write(value, tagsForVersion(config, { rotationId: entry.rotationId, base: this.current.version, slot: '', graceUntil }));
  }

  #write(value: number, tags: Tags): void {
    this.versions.push({ version: `v${this.versions.length + 1}`, createdAt: this.now, value, tags });
  }

  #reconcile(): void {
    const live = (value: number | undefined): Liveness => (value !== undefined && this.isLive(value) ? 'live' : 'not-live');
    const entry = this.open?.entry ?? null;
    const current = { ...this.current, expiresAt: null };
    const decision = reconcile({
      current,
      escrow: entry,
      strategy: this.strategy,
      published: live(this.current.value),
      candidate: live(this.open?.value),
      older: [...this.versions].reverse().find(({ value }) => this.isLive(value)) ?? null,
    });
    if (decision.action === 'publish-candidate') this.#publish('normal');
    if (decision.action !== 'adopt') return;
    if (decision.drop) this.accepted.delete(this.open?.value as number);
    if (entry && !isFrom(entry, current)) this.#mark('dead');
    this.current.tags = { ...CONFIG, ...this.current.tags };
  }
}

type Move = Readonly<{ kind: 'ask'; asked: Asked; crash: boolean } | { kind: 'wait'; ms: number } | { kind: 'human'; withTags: boolean }>;
const trigger = fc.constantFrom<RotationTrigger>('sweep', 'event', 'request');
const mode = fc.constantFrom<RotationMode>('normal', 'normal', 'compromise');
const asked = fc.record({ trigger, mode, crash: fc.boolean() });
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: asked.map(({ crash, ...rest }): Move => ({ kind: 'ask', asked: { ...rest, wanted: null }, crash })) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 40 * 24 }).map((hours): Move => ({ kind: 'wait', ms: hours * HOUR_MS })) },
  { weight: 1, arbitrary: fc.boolean().map((withTags): Move => ({ kind: 'human', withTags })) },
);
const strategy = fc.constantFrom<'single' | 'multi'>('single', 'multi');

/** One move; holds every step against the promises. */
function make(world: World, next: Move): void {
  if (next.kind === 'wait') world.advance(next.ms);
  else if (next.kind === 'human') world.humanChanges(next.withTags);
  else ask(world, next.asked, next.crash);
}

function ask(world: World, who: Asked, crash: boolean): void {
  const before = { open: world.open, live: world.isLive(world.current.value), grace: world.current.tags['rot-grace-until'] };
  const step = world.plan({ ...who, wanted: who.mode === 'compromise' ? world.current.version : null });
  world.carryOut(step, who, crash);

  if (step.step === 'escrow') {
    const isOpen = before.open && ['open', 'applied'].includes(before.open.entry.state);
    expect(isOpen, 'an open entry is never given up').toBeFalsy();
    if (who.mode === 'normal' && before.grace) expect(before.grace <= world.now, 'no rotation in the grace of another').toBe(true);
  }
  if (before.live && !(world.strategy === 'single' && step.step === 'apply' && crash))
    expect(world.isLive(world.current.value), `what consumers read works after ${step.step}`).toBe(true);
}

/** Lets the sweep look again until it finds nothing to do. @returns How many steps it took. */
function settle(world: World): number {
  for (let steps = 0; steps < 20; steps += 1) {
    const step = world.plan(SWEEP);
    if (step.step === 'rest' || step.step === 'park') return steps;
    world.carryOut(step, SWEEP);
  }
  return Number.POSITIVE_INFINITY;
}

const RUNS = { numRuns: 2000 };

describe('whatever crashes, comes twice, is asked for or changed by others', () => {
  test('every step keeps the promises', () => {
    fc.assert(
      fc.property(strategy, fc.array(move, { maxLength: 40 }), (kind, moves) => {
        const world = new World(kind);
        for (const next of moves) make(world, next);
      }),
      RUNS,
    );
  });

  test('some stored value always works', () => {
    fc.assert(
      fc.property(strategy, fc.array(move, { maxLength: 40 }), (kind, moves) => {
        const world = new World(kind);
        for (const next of moves) {
          make(world, next);
          const stored = [...world.versions, ...world.escrow].map(({ value }) => value);
          expect(stored.some(world.isLive)).toBe(true);
        }
      }),
      RUNS,
    );
  });

  test('it comes to rest by itself, with a published value that works and the tags of others kept', () => {
    fc.assert(
      fc.property(strategy, fc.array(move, { maxLength: 40 }), (kind, moves) => {
        const world = new World(kind);
        for (const next of moves) make(world, next);
        expect(settle(world)).toBeLessThan(20);
        expect(world.isLive(world.current.value)).toBe(true);
        expect(world.current.tags).toMatchObject(CONFIG);
      }),
      RUNS,
    );
  });

  test('a secret left alone is rotated once in its interval', () => {
    const world = new World('multi');
    for (let hour = 0; hour < 24 * 365; hour += 1) {
      world.advance(HOUR_MS);
      settle(world);
    }
    expect(world.versions.length - 1).toBeGreaterThanOrEqual(6);
    expect(world.versions.length - 1).toBeLessThanOrEqual(7);
    expect(world.accepted.size).toBeLessThanOrEqual(2);
  });
});
