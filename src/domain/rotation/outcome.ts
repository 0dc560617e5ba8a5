import type { Run } from '../run.ts';
import type { FailureCode } from '../views.ts';

/**
 * What a rotation run came to, in few words for counting. `ok`: a new value is published. `retired`: the old one was ended. `noop`: there was
 * nothing to do. `adopted`, `repaired`: what somebody else had changed was settled. `denied`: a right is missing. `rejected`: the target likes
 * none of our values. `refused`: it was asked for at a wrong time. `parked`: it waits for a person or the next sweep. `canceled`.
 */
export type RotationOutcome =
  | 'ok'
  | 'retired'
  | 'noop'
  | 'adopted'
  | 'repaired'
  | 'denied'
  | 'rejected'
  | 'refused'
  | 'parked'
  | 'canceled';

const OF_RESULT: Readonly<Record<string, RotationOutcome>> = {
  rotated: 'ok',
  retired: 'retired',
  adopted: 'adopted',
  repaired: 'repaired',
};

const OF_FAILURE: Readonly<Partial<Record<FailureCode['kind'], RotationOutcome>>> = {
  denied: 'denied',
  rejected: 'rejected',
  'not-now': 'refused',
};

export function rotationOutcome({ status, steps, result }: Pick<Run, 'status' | 'steps' | 'result'>): RotationOutcome {
  if (status === 'Canceled') return 'canceled';
  if (status !== 'Failed') return OF_RESULT[String(result?.['outcome'])] ?? 'noop';
  const kind = steps.findLast((step) => step.status === 'Failed')?.failure?.kind;
  return (kind && OF_FAILURE[kind]) ?? 'parked';
}
