import { Sensitive } from '../../../src/domain/rotation/sensitive.ts';
import { type Candidate, ConfigFailure, type Failure, type Held, type RotationProvider } from '../../../src/providers/contract.ts';
import type { World } from './world.ts';

/** The kinds of target of `rotation.md` 3.2, and one that keeps the last two passwords, on which doing it twice loses the older. */
export const TARGET_KINDS = ['single', 'alternating', 'multi', 'retain'] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

/** A password for a place; a target without places has the place `''`. */
export type Credential = Readonly<{ slot: string; value: string }>;

/** What a target accepts, and how it changes. Every change is one instant on the target. */
type Rules = Readonly<{
  strategy: 'single' | 'alternating' | 'multi';
  set(accepted: readonly Credential[], candidate: Credential, keep: readonly Credential[]): readonly Credential[];
  end(accepted: readonly Credential[], old: Credential): readonly Credential[];
  /** Another place than the current one. */
  slotAfter(current: string): string;
}>;

const same = (a: Credential, b: Credential): boolean => a.slot === b.slot && a.value === b.value;
const without = (accepted: readonly Credential[], old: Credential) => accepted.filter((one) => !same(one, old));

const RULES: Readonly<Record<TargetKind, Rules>> = {
  single: { strategy: 'single', set: (_accepted, candidate) => [candidate], end: without, slotAfter: () => '' },
  multi: { strategy: 'multi', set: (_accepted, candidate, keep) => unique([...keep, candidate]), end: without, slotAfter: () => '' },
  retain: {
    strategy: 'multi',
    set: (accepted, candidate) => [candidate, ...accepted.slice(0, 1)],
    end: without,
    slotAfter: () => '',
  },
  alternating: {
    strategy: 'alternating',
    set: (accepted, candidate) => [...accepted.filter(({ slot }) => slot !== candidate.slot), candidate],
    end: (accepted, { slot }) => accepted.filter((one) => one.slot !== slot),
    slotAfter: (current) => (placeOf(current) === 'a' ? 'b' : 'a'),
  },
};

const unique = (credentials: readonly Credential[]): Credential[] =>
  credentials.filter((one, index) => credentials.findIndex((other) => same(one, other)) === index);
/** A version that no rotation made has no slot: it is of the first place. */
const placeOf = (slot: string): string => slot || 'a';

export type FakeTarget = Readonly<{
  kind: TargetKind;
  provider: RotationProvider;
  /** How often it was asked to take a value. */
  applies(): number;
  accepts(credential: Credential): boolean;
  accepted(): readonly Credential[];
  /** Somebody with the rights to do so sets a password. */
  setByHand(value: string): void;
}>;

/**
 * What a protocol that is known to be bad does, for the tests of these tests: believes what the process remembers in place of asking the
 * target, or takes a value for accepted without asking.
 */
export type Fault = 'trusts-memory' | 'trusts-itself';

/** @param lock Whether two writers are kept apart on the target; if not, a late request may land after any other. */
export function fakeTarget(world: World, kind: TargetKind, lock: boolean, first: string, fault?: Fault): FakeTarget {
  const rules = RULES[kind];
  const here = (slot: string): string => (kind === 'alternating' ? placeOf(slot) : '');
  let accepted: readonly Credential[] = [{ slot: here(''), value: first }];
  let applies = 0;
  let remembered = { life: -1, value: '' };
  const plain = ({ slot, value }: Held): Credential => ({ slot: here(slot), value: value.use((text) => text) });
  const accepts = ({ slot, value }: Credential): boolean => accepted.some((one) => same(one, { slot: here(slot), value }));
  const ask = <T>(what: string, perform: () => T, mayBeLate = false): Promise<T> =>
    world.request(`target: ${what}`, perform, (failing) => new TargetError(FAILURES[failing]), mayBeLate);

  const apply = (candidate: Candidate, keep: readonly Held[]): void => {
    // Behind the lock everything that was sent before has landed, and is looked at again.
    if (lock) world.landAll();
    remembered = { life: world.lives, value: plain(candidate).value };
    if (fault === undefined && accepts(plain(candidate))) return;
    accepted = rules.set(accepted, plain(candidate), keep.map(plain));
  };

  const provider: RotationProvider = {
    id: 'fake',
    capabilities: {
      strategies: [rules.strategy],
      origin: 'caller',
      probes: ['metadata'],
      targetLock: lock ? 'session' : 'none',
      applyWindowMs: lock ? 0 : 30_000,
    },
    parse: () => ({}),
    preflight: async () => [],
    choose: async (_context, _spec, { slot }, { strategy, base }) => ({ strategy, base, slot: rules.slotAfter(slot) }),
    generate: async ({ rotationId }, _spec, { slot }) => ({ rotationId, slot, value: new Sensitive(world.newValue('made')) }),
    async probe(_context, _spec, held) {
      if (fault === 'trusts-itself') return 'live';
      if (fault === 'trusts-memory' && held.rotationId !== undefined)
        return remembered.life === world.lives && remembered.value === plain(held).value ? 'live' : 'not-live';
      try {
        return await ask('probe', () => (accepts(plain(held)) ? 'live' : 'not-live'));
      } catch (error) {
        if ((error as TargetError).failure.kind === 'unknown-outcome') return 'unknown';
        throw error;
      }
    },
    async apply(_context, _spec, candidate, keep) {
      applies += 1;
      await ask('apply', () => apply(candidate, keep), true);
    },
    verify: (_context, _spec, candidate) =>
      ask('verify', () => {
        if (fault === undefined && !accepts(plain(candidate))) throw new TargetError({ kind: 'transient', code: 'NotYet' });
      }),
    render: (_spec, { value }) => value,
    extract: (_spec, stored) => stored,
    async retire(_context, _spec, old, keep) {
      if (keep.some((kept) => same(plain(kept), plain(old)) || (kind === 'alternating' && here(kept.slot) === here(old.slot))))
        throw new ConfigFailure('the credential is in use', 'Keep it.');
      await ask('retire', () => {
        accepted = rules.end(accepted, plain(old));
      });
    },
    async discard(_context, _spec, candidate, keep) {
      if (keep.some((kept) => same(plain(kept), plain(candidate)))) return;
      await ask('discard', () => {
        if (accepts(plain(candidate))) accepted = without(accepted, plain(candidate));
      });
    },
    classify(thrown) {
      if (thrown instanceof TargetError) return thrown.failure;
      if (thrown instanceof ConfigFailure) return { kind: 'config', code: 'Tags', hint: thrown.hint };
      return { kind: 'transient', code: 'Unexpected' };
    },
  };

  return {
    kind,
    provider,
    applies: () => applies,
    accepts,
    accepted: () => accepted,
    setByHand: (value) => {
      accepted = rules.set(accepted, { slot: here(''), value }, kind === 'multi' ? accepted : []);
    },
  };
}

const FAILURES: Readonly<Record<'unknown' | 'throttled' | 'forbidden', Failure>> = {
  unknown: { kind: 'unknown-outcome', code: 'NoAnswer' },
  throttled: { kind: 'throttled', code: 'Busy', retryAfterMs: 60_000 },
  forbidden: { kind: 'denied', code: 'Denied', hint: 'Grant the right.' },
};

class TargetError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.code);
    this.failure = failure;
  }
}
