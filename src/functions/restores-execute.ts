import type * as z from 'zod';
import { findRestore } from '../activities/find-restore.ts';
import { requireUnchanged } from '../activities/replan-restore.ts';
import { OperatorError } from '../domain/errors.ts';
import { blocked, expired } from '../domain/restore/decision.ts';
import type { RestorePlan } from '../domain/restore/plan.ts';
import { restoreHsm } from '../orchestrators/restore-hsm.ts';
import { requireFree } from './busy.ts';
import { defineRoute, type Tools } from './define-route.ts';
import { HttpProblem } from './problem.ts';
import { executeBody } from './restore-schemas.ts';
import { requirePlan } from './restore-views.ts';
import * as schemas from './schemas.ts';
import { accepted, startOnce } from './start-run.ts';

const BUDGET_MS = 20_000;

export const restoreExecute = defineRoute({
  name: 'restoreExecute',
  route: 'restores/{id}/execute',
  duties: ['restore'],
  methods: {
    POST: {
      role: 'restore.requester',
      summary: 'Carries out the plan of this hash, once; without an approval the run waits for it',
      body: executeBody,
      answers: { 202: { description: 'Started; the run has the id of the restore', schema: schemas.started } },
      async handle({ params, body }, tools) {
        const { durable, caller, log } = tools;
        const { plan, state, runId, decision } = await requirePlan(tools, params['id'] ?? '');
        if ((body as z.output<typeof executeBody>).hash !== plan.hash)
          throw conflict('The hash is not that of the plan.', `See what the plan says: hsmkeep restore show ${plan.id}`);
        if (runId !== null && state !== 'done') return accepted(runId);

        if (state === 'done')
          throw conflict('This plan was carried out; a plan is carried out once.', `Plan anew: hsmkeep restore plan ${plan.source}`);
        if (state === 'rejected')
          throw conflict(`${decision?.by.name} rejected this plan.`, 'Talk to them; another plan can be made at any time.');
        const objection = state === 'expired' ? expired(plan) : blocked(plan);
        if (objection) throw new HttpProblem(objection.status, objection);
        await requireFree(tools, plan.target, plan.id);
        await requireSamePlan(tools, plan);

        await startOnce(durable, restoreHsm, plan.id, { plan: plan.id, target: plan.target });
        log.info('restore started', { restore: plan.id, by: caller?.oid });
        return accepted(plan.id);
      },
    },
  },
});

/** The run plans again under its lock; here it is for an answer at once. */
async function requireSamePlan({ clients, now }: Tools, plan: RestorePlan): Promise<void> {
  try {
    requireUnchanged(plan, await findRestore(clients, { ...plan, selector: { folder: plan.folder } }, now, BUDGET_MS));
  } catch (error) {
    if (error instanceof OperatorError) throw conflict(error.message, error.hint);
    throw error;
  }
}

const conflict = (message: string, hint: string): HttpProblem => new HttpProblem(409, { message, hint });
