import type { planRotation } from '../../../src/domain/rotation/plan.ts';
import type { AnyProvider } from '../../../src/providers/contract.ts';
import type { World } from './world.ts';

type Plan = typeof planRotation;

/** What stands in for the registry's providers, and what is done to the plan; tests put it into the modules' place. */
export const provided: { world: World | undefined; provider: AnyProvider | undefined; plan: (real: Plan) => Plan } = {
  world: undefined,
  provider: undefined,
  plan: (real) => real,
};
