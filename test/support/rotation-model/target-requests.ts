import { ConfigFailure, type Failure, NotOursError } from '../../../src/providers/contract.ts';
import type { World } from './world.ts';

/** A password for a place; a target without places has the place `''`. */
export type Credential = Readonly<{ slot: string; value: string }>;

const FAILURES: Readonly<Record<'unknown' | 'throttled' | 'forbidden', Failure>> = {
  unknown: { kind: 'unknown-outcome', code: 'NoAnswer' },
  throttled: { kind: 'throttled', code: 'Busy', retryAfterMs: 60_000 },
  forbidden: { kind: 'denied', code: 'Denied', hint: 'Grant the right.' },
};

export class TargetError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.code);
    this.failure = failure;
  }
}

/** One request to a target. `mayBeLate`: it may take effect when nobody waits for it any more. */
export type Ask = <T>(what: string, perform: () => T, mayBeLate?: boolean) => Promise<T>;

export const askTarget =
  (world: World): Ask =>
  (what, perform, mayBeLate = false) =>
    world.request(`target: ${what}`, perform, (failing) => new TargetError(FAILURES[failing]), mayBeLate);

/** Asks whether something is accepted; without an answer nobody knows. */
export async function askLiveness(ask: Ask, isLive: () => boolean): Promise<'live' | 'not-live' | 'unknown'> {
  try {
    return await ask('probe', () => (isLive() ? 'live' : 'not-live'));
  } catch (error) {
    if (error instanceof TargetError && error.failure.kind === 'unknown-outcome') return 'unknown';
    throw error;
  }
}

export function classifyFake(thrown: unknown): Failure {
  if (thrown instanceof TargetError) return thrown.failure;
  if (thrown instanceof ConfigFailure) return { kind: 'config', code: 'Tags', hint: thrown.hint };
  return { kind: 'transient', code: thrown instanceof NotOursError ? 'NotOurs' : 'Unexpected' };
}
