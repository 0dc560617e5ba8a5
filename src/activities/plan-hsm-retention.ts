import { createHash } from 'node:crypto';
import { readRetentionState } from '../clients/retention-state.ts';
import { stagingPath } from '../domain/intent.ts';
import { type PruningPlan, type PruningSummary, planPruning, policyOf, summarisePruning } from '../domain/pruning.ts';
import { defineActivity } from './define-activity.ts';

/** `at`: the time to plan for, ISO 8601 UTC. `night`: the folder that this run has just recorded. */
export type PlanHsmRetentionInput = Readonly<{ hsm: string; run: string; at: string; night: string }>;

/** Decides which backups of an HSM to keep, from what storage holds, and stages the plan; changes nothing else. */
export const planHsmRetention = defineActivity(
  'planHsmRetention',
  ['backup'],
  ({ backups, config, hsmConfig }) =>
    async ({ hsm, run, at, night }: PlanHsmRetentionInput): Promise<PruningSummary> => {
      const store = backups(hsm);
      const configuration = hsmConfig(hsm);
      const plan: PruningPlan = planPruning({
        hsm,
        configured: config.hsms.map(({ name }) => name),
        state: await readRetentionState(store, hsm),
        policy: policyOf(configuration, config.timeZone),
        mode: configuration.prune,
        now: at,
        night,
        hash: (text) => createHash('sha256').update(text).digest('hex'),
      });
      await store.write(stagedPlanPath(hsm, run), JSON.stringify(plan));
      return summarisePruning(plan);
    },
);

export const stagedPlanPath = (hsm: string, run: string): string => `${stagingPath(hsm, run)}retention.json`;
