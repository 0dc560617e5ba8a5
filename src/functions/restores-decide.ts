import type * as z from 'zod';
import { storeDecision } from '../clients/restores.ts';
import { objectionTo, type RestoreDecision } from '../domain/restore/decision.ts';
import { APPROVAL_EVENT } from '../orchestrators/restore-hsm-approval.ts';
import { defineRoute, type RouteRequest, type Tools } from './define-route.ts';
import { HttpProblem } from './problem.ts';
import { decideBody, restore as restoreSchema } from './restore-schemas.ts';
import { requirePlan, viewRestore } from './restore-views.ts';
import { findInstance, isLive } from './start-run.ts';

export const restoreApprove = defineRoute({
  name: 'restoreApprove',
  route: 'restores/{id}/approve',
  duties: ['restore'],
  methods: {
    POST: {
      role: 'restore.approver',
      summary: 'Approves exactly the plan of this hash; another person than asked for it',
      body: decideBody,
      answers: { 200: { description: 'The restore', schema: restoreSchema } },
      handle: (request, tools) => decide(request, tools, 'approved'),
    },
  },
});

export const restoreReject = defineRoute({
  name: 'restoreReject',
  route: 'restores/{id}/reject',
  duties: ['restore'],
  methods: {
    POST: {
      role: 'restore.approver',
      summary: 'Rejects a plan, for good',
      body: decideBody,
      answers: { 200: { description: 'The restore', schema: restoreSchema } },
      handle: (request, tools) => decide(request, tools, 'rejected'),
    },
  },
});

/** Stores the decision first; a run that waits for it is told, and would find it by itself if that got lost. */
async function decide({ params, body }: RouteRequest, tools: Tools, verdict: RestoreDecision['verdict']) {
  const { clients, caller, now, log } = tools;
  const { plan, decision: earlier, state, runId } = await requirePlan(tools, params['id'] ?? '');
  const { hash, note = null } = body as z.output<typeof decideBody>;
  const by = { oid: caller?.oid ?? '', name: caller?.name ?? '', roles: caller?.roles ?? [], appOnly: caller?.appOnly ?? true };

  const objection = objectionTo(plan, { hash, by, at: now, verdict });
  if (objection) throw new HttpProblem(objection.status, objection);
  if (earlier || state === 'done') throw alreadyDecided(plan.id, earlier);

  const decision: RestoreDecision = { schema: 'hsmkeep.approval/1', plan: plan.id, hash, verdict, by, at: now, note };
  if (!(await storeDecision(clients.documents, decision))) throw alreadyDecided(plan.id, undefined);
  log.info('restore decided', { restore: plan.id, verdict, by: by.oid });
  await announce(tools, plan.id);

  const decided = { plan, decision, state: verdict === 'rejected' ? 'rejected' : runId ? 'executing' : 'approved', runId } as const;
  return { jsonBody: await viewRestore(tools, decided) };
}

async function announce({ durable, log }: Tools, id: string): Promise<void> {
  try {
    const instance = await findInstance(durable, id);
    if (instance && isLive(instance)) await durable.raiseEvent(id, APPROVAL_EVENT, { approvalId: id });
  } catch {
    log.warn('the run was not told of the decision; it will look by itself', { restore: id });
  }
}

const alreadyDecided = (id: string, earlier: RestoreDecision | undefined): HttpProblem =>
  new HttpProblem(409, {
    message: earlier ? `${earlier.by.name} has ${earlier.verdict} this plan at ${earlier.at}.` : 'This plan has been decided on.',
    hint: `The first word stands: hsmkeep restore show ${id}`,
  });
