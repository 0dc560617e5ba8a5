import { createHash } from 'node:crypto';
import { Sensitive } from '../../../src/domain/rotation/sensitive.ts';
import { ConfigFailure, type Held, type IssuingProvider, NotOursError, type ReadableProvider } from '../../../src/providers/contract.ts';
import type { FakeTarget } from './fake-targets.ts';
import { askLiveness, askTarget, type Credential, classifyFake, TargetError } from './target-requests.ts';
import type { World } from './world.ts';

/** No server of these keeps writers apart, so what was sent may land for so long. */
const WINDOW_MS = 30_000;
const plain = ({ value }: Pick<Held, 'value'>): string => value.use((text) => text);
const kept = (value: Held, keep: readonly Held[]): boolean => keep.some((one) => one.value.equals(value.value));
const inUse = (): ConfigFailure => new ConfigFailure('the credential is in use', 'Keep it.');

/** Two keys that the target makes itself and shows to whoever may ask, as those of a storage account. */
export function fakeKeyPair(world: World, first: string): FakeTarget {
  const ask = askTarget(world);
  const keys = { key1: first, key2: world.newValue('unseen') };
  let changes = 0;
  const nameOf = (value: string) => (['key1', 'key2'] as const).find((name) => keys[name] === value);
  const named = (slot: string): 'key1' | 'key2' => (slot === 'key2' ? 'key2' : 'key1');
  const regenerate = (name: 'key1' | 'key2'): void => {
    keys[name] = world.newValue('made');
  };
  const end = (what: string, value: string): Promise<void> =>
    ask(what, () => {
      const name = nameOf(value);
      if (name) regenerate(name);
    });
  const accepted = (): Credential[] => Object.entries(keys).map(([slot, value]) => ({ slot, value }));

  const provider: ReadableProvider = {
    id: 'fake',
    capabilities: {
      strategies: ['keypair'],
      origin: 'target-readable',
      probes: ['metadata'],
      targetLock: 'none',
      applyWindowMs: WINDOW_MS,
    },
    parse: () => ({}),
    preflight: async () => [],
    choose: (_context, _spec, current, { strategy, base }) =>
      ask('choose', () => ({ strategy, base, slot: (nameOf(plain(current)) ?? named(current.slot)) === 'key1' ? 'key2' : 'key1' })),
    probe: (_context, _spec, held) => askLiveness(ask, () => nameOf(plain(held)) !== undefined),
    read: (_context, _spec, slot) =>
      ask('read', () => {
        const value = keys[named(slot)];
        return { value: new Sensitive(value), mark: createHash('sha256').update(value).digest('hex').slice(0, 16) };
      }),
    regenerate: (_context, _spec, slot) =>
      ask(
        'regenerate',
        () => {
          changes += 1;
          regenerate(named(slot));
          return undefined;
        },
        true,
      ),
    verify: (_context, _spec, candidate) =>
      ask('verify', () => {
        if (!nameOf(plain(candidate))) throw new TargetError({ kind: 'transient', code: 'NotYet' });
      }),
    render: (_spec, { value }) => value,
    extract: (_spec, stored) => stored,
    async retire(_context, _spec, old, keep) {
      if (kept(old, keep)) throw inUse();
      await end('retire', plain(old));
    },
    async discard(_context, _spec, candidate, keep) {
      if (!kept(candidate, keep)) await end('discard', plain(candidate));
    },
    classify: classifyFake,
  };

  return {
    kind: 'keypair',
    provider,
    applies: () => changes,
    changes: () => changes,
    accepts: ({ value }) => nameOf(value) !== undefined,
    accepted,
    owned: accepted,
    setByHand: (value, slot = '') => {
      keys[named(slot)] = value;
    },
  };
}

type Issued = Credential & Readonly<{ ours: boolean }>;

/** As many credentials as one likes, made by the target and shown once, as the secrets of an application. */
export function fakeIssuer(world: World, first: string): FakeTarget {
  const ask = askTarget(world);
  let all: readonly Issued[] = [{ slot: 'id-0', value: first, ours: false }];
  let [ids, changes] = [0, 0];
  const add = (value: string, ours: boolean): Issued => {
    ids += 1;
    const issued: Issued = { slot: `id-${ids}`, value, ours };
    all = [...all, issued];
    return issued;
  };
  const accepts = (value: string): boolean => all.some((one) => one.value === value);
  const isKept = ({ slot, value }: Issued, keep: readonly Held[]): boolean => keep.some((one) => one.slot === slot || plain(one) === value);

  const provider: IssuingProvider = {
    id: 'fake',
    capabilities: {
      strategies: ['issued'],
      origin: 'target',
      probes: ['login'],
      targetLock: 'none',
      applyWindowMs: WINDOW_MS,
      settling: { successes: 2, pauseMs: 15_000 },
    },
    parse: () => ({}),
    preflight: async () => [],
    choose: async (_context, _spec, _current, { strategy, base }) => ({ strategy, base, slot: '' }),
    issue: ({ rotationId }) =>
      ask(
        'issue',
        () => {
          changes += 1;
          const { slot, value } = add(world.newValue('made'), true);
          return { rotationId, slot, value: new Sensitive(value) };
        },
        true,
      ),
    listIssued: (_context, _spec, keep) =>
      ask('list issued', () => all.filter((one) => one.ours && !isKept(one, keep)).map(({ slot }) => slot)),
    revoke: (_context, _spec, id) =>
      ask('retire one', () => {
        all = all.filter(({ slot }) => slot !== id);
      }),
    probe: (_context, _spec, held) => askLiveness(ask, () => accepts(plain(held))),
    verify: (_context, _spec, candidate) =>
      ask('verify', () => {
        if (!accepts(plain(candidate))) throw new TargetError({ kind: 'transient', code: 'NotYet' });
      }),
    render: (_spec, { value }) => value,
    extract: (_spec, stored) => stored,
    async retire(_context, _spec, old, keep) {
      if (keep.some((one) => one.value.equals(old.value) || (one.slot !== '' && one.slot === old.slot))) throw inUse();
      const isForeign = await ask('retire', () => {
        const found = all.find(({ value }) => value === plain(old));
        if (found?.ours) all = all.filter((one) => one !== found);
        return found?.ours === false;
      });
      if (isForeign) throw new NotOursError({ message: 'it is not ours', hint: 'End it by hand.' });
    },
    discard: (_context, _spec, candidate, keep) =>
      ask('discard', () => {
        all = all.filter((one) => !(one.ours && one.value === plain(candidate)) || isKept(one, keep));
      }),
    classify: classifyFake,
  };

  return {
    kind: 'issued',
    provider,
    applies: () => changes,
    changes: () => changes,
    accepts: ({ value }) => accepts(value),
    accepted: () => all,
    owned: () => all.filter(({ ours }) => ours),
    setByHand: (value) => void add(value, false),
  };
}
