import { RefusedError } from '../clients/errors.ts';
import { readOutcome } from '../clients/restores.ts';
import { defineActivity } from './define-activity.ts';

export type RepairRolesInput = Readonly<{ plan: string; target: string }>;

/** Gives again the role assignments that a restore took away, where that is configured and as long as we may. Idempotent. */
export const repairRoles = defineActivity(
  'repairRoles',
  ['restore'],
  ({ hsm, hsmConfig, documents }) =>
    async ({ plan, target }: RepairRolesInput): Promise<Readonly<{ status: 'off' | 'forbidden' | 'repaired'; repaired: number }>> => {
      if (!hsmConfig(target).repairRoles) return { status: 'off', repaired: 0 };
      const lost = (await readOutcome(documents, plan))?.lostAssignments ?? [];
      let repaired = 0;
      try {
        for (const { assignment } of lost) {
          await hsm(target).assignRole(assignment);
          repaired += 1;
        }
        return { status: 'repaired', repaired };
      } catch (error) {
        if (error instanceof RefusedError && error.refusal.kind === 'forbidden') return { status: 'forbidden', repaired };
        throw error;
      }
    },
);
