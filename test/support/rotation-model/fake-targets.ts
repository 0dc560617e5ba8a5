import { Sensitive } from '../../../src/domain/rotation/sensitive.ts';
import { type AnyProvider, type Candidate, ConfigFailure, type Held, type RotationProvider } from '../../../src/providers/contract.ts';
import { fakeIssuer, fakeKeyPair } from './fake-makers.ts';
import { askLiveness, askTarget, type Credential, classifyFake, TargetError } from './target-requests.ts';
import type { World } from './world.ts';

/**
 * The kinds of target: one password; two users who take turns; several passwords; the last two, on which doing it twice loses the older; two
 * keys of the target's own; credentials that the target issues.
 */
export const TARGET_KINDS = ['single', 'alternating', 'multi', 'retain', 'keypair', 'issued'] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];
/** Those that make values themselves; no server of theirs keeps writers apart. */
export const MAKER_KINDS: readonly TargetKind[] = ['keypair', 'issued'];
type TakerKind = Exclude<TargetKind, 'keypair' | 'issued'>;

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

const RULES: Readonly<Record<TakerKind, Rules>> = {
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
  provider: AnyProvider;
  /** How often it was asked to take a value. */
  applies(): number;
  /** How often it took another one. */
  changes(): number;
  accepts(credential: Credential): boolean;
  accepted(): readonly Credential[];
  /** Those of them that are hsmkeep's to end. */
  owned(): readonly Credential[];
  /** Somebody with the rights to do so sets a password, of the first place or of the one that is named. */
  setByHand(value: string, slot?: string): void;
}>;

/**
 * What a protocol that is known to be bad does, for the tests of these tests: believes what the process remembers in place of asking the
 * target, or takes a value for accepted without asking.
 */
export type Fault = 'trusts-memory' | 'trusts-itself';

/** @param lock Whether two writers are kept apart on the target; if not, a late request may land after any other. */
export function fakeTarget(world: World, kind: TargetKind, lock: boolean, first: string, fault?: Fault): FakeTarget {
  if (kind === 'keypair') return fakeKeyPair(world, first);
  if (kind === 'issued') return fakeIssuer(world, first);
  return fakeTaker(world, kind, lock, first, fault);
}

function fakeTaker(world: World, kind: TakerKind, lock: boolean, first: string, fault: Fault | undefined): FakeTarget {
  const rules = RULES[kind];
  const here = (slot: string): string => (kind === 'alternating' ? placeOf(slot) : '');
  let accepted: readonly Credential[] = [{ slot: here(''), value: first }];
  let [applies, changes] = [0, 0];
  let remembered = { life: -1, value: '' };
  const plain = ({ slot, value }: Held): Credential => ({ slot: here(slot), value: value.use((text) => text) });
  const accepts = ({ slot, value }: Credential): boolean => accepted.some((one) => same(one, { slot: here(slot), value }));
  const ask = askTarget(world);

  const apply = (candidate: Candidate, keep: readonly Held[]): void => {
    // Behind the lock everything that was sent before has landed, and is looked at again.
    if (lock) world.landAll();
    remembered = { life: world.lives, value: plain(candidate).value };
    if (fault === undefined && accepts(plain(candidate))) return;
    const before = accepted;
    accepted = rules.set(accepted, plain(candidate), keep.map(plain));
    if (accepted.length !== before.length || !accepted.every((one) => before.some((other) => same(one, other)))) changes += 1;
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
      return askLiveness(ask, () => accepts(plain(held)));
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
      if (keep.some((kept) => same(plain(kept), plain(old)))) throw new ConfigFailure('the credential is in use', 'Keep it.');
      // Its place has another password already, which is kept.
      if (kind === 'alternating' && keep.some((kept) => here(kept.slot) === here(old.slot))) return;
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
    classify: classifyFake,
  };

  return {
    kind,
    provider,
    applies: () => applies,
    changes: () => changes,
    accepts,
    accepted: () => accepted,
    owned: () => accepted,
    setByHand: (value, slot = '') => {
      accepted = rules.set(accepted, { slot: here(slot), value }, kind === 'multi' ? accepted : []);
    },
  };
}
