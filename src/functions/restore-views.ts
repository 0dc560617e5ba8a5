import { readDecision, readOutcome, readPlan } from '../clients/restores.ts';
import { readRun } from '../clients/runs.ts';
import { NotFoundError } from '../domain/errors.ts';
import type { RestoreDecision } from '../domain/restore/decision.ts';
import type { RestorePlan } from '../domain/restore/plan.ts';
import { type RestoreState, restoreState } from '../domain/restore/state.ts';
import type { RestoreView } from '../domain/restore/view.ts';
import type { Tools } from './define-route.ts';
import { findInstance, isLive } from './start-run.ts';

/** A restore with everything that is stored of it. */
export type FoundPlan = Readonly<{ plan: RestorePlan; decision: RestoreDecision | undefined; state: RestoreState; runId: string | null }>;

/** @throws {NotFoundError} */
export async function requirePlan({ clients, durable, now }: Pick<Tools, 'clients' | 'durable' | 'now'>, id: string): Promise<FoundPlan> {
  const { documents } = clients;
  const plan = await readPlan(documents, id);
  if (!plan) throw new NotFoundError(`There is no restore ${id}.`, 'Plan one: hsmkeep restore plan <hsm>');
  const [decision, record, instance] = await Promise.all([readDecision(documents, id), readRun(documents, id), findInstance(durable, id)]);
  const ended = Boolean(record?.endedAt) || (instance !== undefined && !isLive(instance));
  const run = record || instance ? { ended } : undefined;
  return { plan, decision, state: restoreState(plan, decision, run, now), runId: run ? id : null };
}

export async function viewRestore({ clients }: Pick<Tools, 'clients'>, found: FoundPlan): Promise<RestoreView> {
  const { schema: _, ...plan } = found.plan;
  const { decision, state, runId } = found;
  const outcome = runId === null ? undefined : await readOutcome(clients.documents, plan.id);
  return {
    ...plan,
    state,
    decision: decision ? { verdict: decision.verdict, by: decision.by.name, at: decision.at, note: decision.note } : null,
    runId,
    outcome: outcome ? { at: outcome.at, remaining: outcome.remaining, lostAssignments: outcome.lostAssignments } : null,
  };
}
