import type * as z from 'zod';
import { findRestore } from '../activities/find-restore.ts';
import { newPlan, storePlan } from '../clients/restores.ts';
import { defineRoute } from './define-route.ts';
import { HttpProblem } from './problem.ts';
import { planBody, restore as restoreSchema } from './restore-schemas.ts';
import { requirePlan, viewRestore } from './restore-views.ts';

/** A person waits for the plan. */
const BUDGET_MS = 20_000;

export const hsmRestores = defineRoute({
  name: 'hsmRestores',
  route: 'hsms/{hsm}/restores',
  duties: ['restore'],
  methods: {
    POST: {
      role: 'restore.requester',
      summary: 'Plans a restore from a backup of this HSM: what it would destroy, and what stands in its way. Changes nothing',
      body: planBody,
      answers: { 201: { description: 'The plan', schema: restoreSchema } },
      async handle({ params, body }, tools) {
        const { clients, caller, now } = tools;
        const { selector = { at: now }, target, scope, from } = body as z.output<typeof planBody>;
        const request = { source: params['hsm'] ?? '', target: target ?? params['hsm'] ?? '', selector, scope, from };
        const { findings } = await findRestore(clients, request, now, BUDGET_MS);
        const plan = newPlan(
          findings,
          clients.hsmConfig(findings.source).backupTo.container,
          { oid: caller?.oid ?? '', name: caller?.name ?? '' },
          now,
        );
        if (!(await storePlan(clients.documents, plan)))
          throw new HttpProblem(409, { message: 'Somebody else planned a restore at the same instant.', hint: 'Plan again.' });
        const view = await viewRestore(tools, { plan, decision: undefined, state: 'planned', runId: null });
        return { status: 201, headers: { location: `/api/restores/${plan.id}` }, jsonBody: view };
      },
    },
  },
});

export const restore = defineRoute({
  name: 'restore',
  route: 'restores/{id}',
  duties: ['restore'],
  methods: {
    GET: {
      role: 'viewer',
      summary: 'One restore: its plan, what was said to it, and how it went',
      answers: { 200: { description: 'The restore', schema: restoreSchema } },
      handle: async ({ params }, tools) => ({ jsonBody: await viewRestore(tools, await requirePlan(tools, params['id'] ?? '')) }),
    },
  },
});
