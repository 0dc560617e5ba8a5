import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type * as Planning from '../../src/domain/rotation/plan.ts';
import { overwritesEscrow, startsInGrace } from '../support/rotation-model/bad-plans.ts';
import { type Fault, MAKER_KINDS, TARGET_KINDS, type TargetKind } from '../support/rotation-model/fake-targets.ts';
import { play } from '../support/rotation-model/play.ts';
import { provided } from '../support/rotation-model/provided.ts';
import { type Schedule, undisturbedByPeople, withAPerson } from '../support/rotation-model/schedules.ts';
import type { StageOptions } from '../support/rotation-model/stage.ts';

vi.mock('../../src/providers/registry.ts', () => ({ PROVIDER_IDS: ['fake'], findProvider: () => provided.provider }));
vi.mock('../../src/domain/rotation/plan.ts', async (original) => {
  const real = await original<typeof Planning>();
  return { ...real, planRotation: (...asked: Parameters<typeof real.planRotation>) => provided.plan(real.planRotation)(...asked) };
});

/** `npm run soak` plays many times as many, other ones each time. */
const SEED = Number(process.env['HSMKEEP_SEED'] ?? 20_261_123);
const RUNS = Number(process.env['HSMKEEP_SCHEDULES'] ?? 60);

beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterAll(() => void vi.useRealTimers());

const holds = (schedules: fc.Arbitrary<Schedule>, kind: TargetKind, lock: boolean, more: Pick<StageOptions, 'fault' | 'keepsOld'> = {}) =>
  fc.asyncProperty(schedules, async (schedule) => {
    const violations = await play(schedule, { kind, lock, ...more });
    if (violations.length > 0) throw new Error(violations.join('\n'));
  });

describe.each(TARGET_KINDS)('a rotation of a target that is %s', (kind) => {
  const locks = [
    ['its own lock', true],
    ['no lock', false],
  ] as const;
  test.each(locks.filter(([, lock]) => !(lock && MAKER_KINDS.includes(kind))))(
    'with %s survives crashes, losses, repetitions and disorder',
    async (_what, lock) => {
      await fc.assert(holds(undisturbedByPeople, kind, lock), { numRuns: RUNS, seed: SEED });
    },
  );

  // One that keeps the last two passwords forgets what it was told to keep when a person sets a third.
  test.skipIf(kind === 'retain')('survives a person who changes something meanwhile', async () => {
    await fc.assert(holds(withAPerson, kind, !MAKER_KINDS.includes(kind)), { numRuns: RUNS, seed: SEED });
  });
});

describe('a rotation of a key whose old one ends with the next rotation only', () => {
  test.each([
    ['crashes, losses, repetitions and disorder', undisturbedByPeople],
    ['a person who changes something meanwhile', withAPerson],
  ])('survives %s', async (_what, schedules) => {
    await fc.assert(holds(schedules, 'keypair', false, { keepsOld: true }), { numRuns: RUNS, seed: SEED });
  });
});

/** Schedules that once left a secret broken. */
describe('what a person wrote is mended', () => {
  const played = (schedule: Schedule, kind: TargetKind): Promise<readonly string[]> => play(schedule, { kind, lock: true });

  test('by later looks, when it is older than what one look tries', async () => {
    const announced = { do: 'announce', type: 'SecretNearExpiry', stale: false, copies: 1 } as const;
    const moves: Schedule['moves'] = [announced, { do: 'compromise' }, { do: 'work', turns: 18 }, { do: 'ask' }];
    const disturbances: Schedule['disturbances'] = [{ after: 0, trouble: 'intervention' }];
    expect(await played({ moves, disturbances, human: 'vault-first', picks: [0, 0, 7] }, 'single')).toEqual([]);
  });

  test('right after two rotations within one second', async () => {
    const announced = { do: 'announce', type: 'SecretNearExpiry', stale: false, copies: 1 } as const;
    const moves: Schedule['moves'] = [announced, { do: 'compromise' }, announced];
    expect(await played({ moves, disturbances: [], human: 'target-first', picks: [0] }, 'alternating')).toEqual([]);
  });

  test('when it does not work and comes within a grace, and the old credential ends all the same', async () => {
    const disturbances: Schedule['disturbances'] = [
      { after: 2, trouble: 'lost' },
      { after: 23, trouble: 'answer-lost' },
    ];
    const moves: Schedule['moves'] = [{ do: 'compromise' }, { do: 'wait', ms: 3_600_000 }, { do: 'ask' }];
    expect(await played({ moves, disturbances, human: 'mistypes', picks: [1] }, 'alternating')).toEqual([]);
  });

  test('when the target takes it only after it was replaced twice', async () => {
    const moves: Schedule['moves'] = [{ do: 'ask' }, { do: 'ask' }, { do: 'ask' }, { do: 'wait', ms: 86_400_000 }, { do: 'compromise' }];
    const disturbances: Schedule['disturbances'] = [
      { after: 19, trouble: 'intervention' },
      { after: 1, trouble: 'answer-lost' },
      { after: 22, trouble: 'lost' },
    ];
    expect(await played({ moves, disturbances, human: 'vault-first', picks: [6, 1, 1] }, 'single')).toEqual([]);
  });
});

describe('a protocol that is known to be bad is found out:', () => {
  afterEach(() => {
    provided.plan = (real) => real;
  });

  const foundOut = async (kind: TargetKind, violation: RegExp, fault?: Fault): Promise<void> => {
    const found = await fc.check(holds(undisturbedByPeople, kind, true, { fault }), { numRuns: 2_000, seed: SEED, endOnFailure: true });
    expect(String((found.errorInstance as Error | undefined)?.message)).toMatch(violation);
  };

  test('one that believes its memory in place of asking the target', () => foundOut('retain', /[BC]: /, 'trusts-memory'));
  test('one that publishes before the target has taken the value', () => foundOut('multi', /[AB]: /, 'trusts-itself'));
  test('one that begins within the grace of another', () => {
    provided.plan = startsInGrace;
    return foundOut('alternating', /C: /);
  });
  test('one that replaces an open entry', () => {
    provided.plan = overwritesEscrow(() => provided.world?.lives ?? 0);
    return foundOut('single', /A: |E2: /);
  });
});
