import { makePruningPlan } from '../clients/retention-plan.ts';
import { stagingPath } from '../domain/intent.ts';
import { type PruningSummary, summarisePruning } from '../domain/pruning.ts';
import { defineActivity } from './define-activity.ts';

/** `at`: the orchestration's time, ISO 8601 UTC. `night`: the folder that this run has just recorded. */
export type PlanHsmRetentionInput = Readonly<{ hsm: string; run: string; at: string; night: string }>;

/**
 * Decides which backups of an HSM to keep, from what storage holds, and stages the plan; changes nothing else. It is made for the orchestration's
 * time, but for none that this machine's clock, which is compared with storage's, has not reached: another machine's may be wrong.
 */
export const planHsmRetention = defineActivity(
  'planHsmRetention',
  ['backup'],
  (clients) =>
    async ({ hsm, run, at, night }: PlanHsmRetentionInput): Promise<PruningSummary> => {
      const plan = await makePruningPlan(clients, hsm, earlier(at, new Date().toISOString()), { night });
      await clients.backups(hsm).write(stagedPlanPath(hsm, run), JSON.stringify(plan));
      return summarisePruning(plan);
    },
);

const earlier = (a: string, b: string): string => (Date.parse(a) <= Date.parse(b) ? a : b);

export const stagedPlanPath = (hsm: string, run: string): string => `${stagingPath(hsm, run)}retention.json`;
