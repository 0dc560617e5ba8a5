import fc from 'fast-check';
import { type Disturbance, TROUBLES } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** One thing that happens to the app from outside. */
export type Move =
  | Readonly<{ do: 'ask' }>
  | Readonly<{ do: 'compromise' }>
  | Readonly<{ do: 'announce'; type: string; stale: boolean; copies: number }>
  | Readonly<{ do: 'sweep' }>
  | Readonly<{ do: 'tick' }>
  | Readonly<{ do: 'wait'; ms: number }>
  | Readonly<{ do: 'work'; turns: number }>
  | Readonly<{ do: 'lose-hub' }>;

/** What a person does to the secret, half at a time. */
export type Human = 'none' | 'target-first' | 'vault-first' | 'mistypes' | 'disables' | 'deletes' | 'strips-grace';

export type Schedule = Readonly<{
  moves: readonly Move[];
  disturbances: readonly Disturbance[];
  human: Human;
  /** Which of the calls that can go on does. */
  picks: readonly number[];
}>;

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Move>({ do: 'ask' }) },
  { weight: 1, arbitrary: fc.constant<Move>({ do: 'compromise' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('announce' as const),
      type: fc.constantFrom('SecretNearExpiry', 'SecretExpired', 'SecretNewVersionCreated'),
      stale: fc.boolean(),
      copies: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.constant<Move>({ do: 'sweep' }) },
  { weight: 1, arbitrary: fc.constant<Move>({ do: 'tick' }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(MINUTE_MS, HOUR_MS, DAY_MS, 8 * DAY_MS, 61 * DAY_MS) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('work' as const), turns: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: fc.constant<Move>({ do: 'lose-hub' }) },
);

const trouble = (troubles: readonly Disturbance['trouble'][]): fc.Arbitrary<Disturbance> =>
  fc.record({ after: fc.integer({ min: 0, max: 30 }), trouble: fc.constantFrom(...troubles) });

/** Schedules of crashes, losses, repetitions and failures, in which nobody touches the values. */
export const undisturbedByPeople: fc.Arbitrary<Schedule> = fc.record({
  moves: fc.array(move, { minLength: 1, maxLength: 8 }),
  disturbances: fc.array(trouble(TROUBLES), { maxLength: 6 }),
  human: fc.constant('none' as const),
  picks: fc.array(fc.nat(7), { minLength: 1, maxLength: 5 }),
});

/** The same, with one person who changes something at two moments of their own. */
export const withAPerson: fc.Arbitrary<Schedule> = fc.record({
  moves: fc.array(move, { minLength: 1, maxLength: 6 }),
  disturbances: fc.array(trouble([...TROUBLES, 'intervention', 'intervention', 'intervention', 'intervention']), { maxLength: 6 }),
  human: fc.constantFrom<Human>('target-first', 'vault-first', 'mistypes', 'disables', 'deletes', 'strips-grace'),
  picks: fc.array(fc.nat(7), { minLength: 1, maxLength: 5 }),
});
