import type { planRotation, RotationState } from '../../../src/domain/rotation/plan.ts';

type Plan = typeof planRotation;

/** Begins a rotation although the old credential of the last one is in its grace. */
export const startsInGrace =
  (real: Plan): Plan =>
  (state, now) => {
    const step = real(state, now);
    return step.step === 'rest' && step.reason === 'in-grace' ? real({ ...state, mode: 'compromise' }, now) : step;
  };

/** Makes a new value when an entry is open that this process did not make. */
export function overwritesEscrow(lives: () => number): (real: Plan) => Plan {
  const madeIn = new Map<string, number>();
  return (real) => (state, now) => {
    const { escrow } = state;
    if (escrow?.state !== 'open') return real(state, now);
    if (!madeIn.has(escrow.version)) madeIn.set(escrow.version, lives());
    return real(madeIn.get(escrow.version) === lives() ? state : withoutEntry(state), now);
  };
}

const withoutEntry = (state: RotationState): RotationState => ({ ...state, escrow: null });
