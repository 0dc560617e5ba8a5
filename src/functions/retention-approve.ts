import * as z from 'zod';
import { makePruningPlan } from '../clients/retention-plan.ts';
import { approvalExpiresAt, objectionToApproval, type RetentionApproval, retentionApprovalPath } from '../domain/retention-approval.ts';
import { defineRoute } from './define-route.ts';
import { HttpProblem } from './problem.ts';

const body = z.strictObject({
  planHash: z.string().regex(/^[0-9a-f]{64}$/, 'must be the hash of the plan: 64 hexadecimal digits'),
  note: z.string().max(1000).optional().describe('Why; kept with the approval'),
});

const approval = z.object({
  hsm: z.string(),
  planHash: z.string(),
  ids: z.array(z.string()).describe('The backups that may be deleted, newest first'),
  by: z.object({ oid: z.string(), name: z.string() }),
  at: z.string(),
  expiresAt: z.string(),
  note: z.string().nullable(),
});

export const retentionApprove = defineRoute({
  name: 'retentionApprove',
  route: 'hsms/{hsm}/retention/approve',
  duties: ['backup'],
  methods: {
    POST: {
      role: 'administrator',
      summary: 'Lets the next night go beyond the brake, for exactly the plan of this hash',
      body,
      answers: { 200: { description: 'The approval; the next night that prunes uses it up', schema: approval } },
      async handle({ params, body: input }, { clients, caller, now, log }) {
        const { name: hsm } = clients.hsmConfig(params['hsm'] ?? '');
        const { planHash, note = null } = input as z.output<typeof body>;
        const { refused } = await makePruningPlan(clients, hsm, now, { approved: false });
        const objection = objectionToApproval(hsm, refused, planHash, caller?.appOnly ?? true);
        if (objection) throw new HttpProblem(objection.status, objection);

        const by = { oid: caller?.oid ?? '', name: caller?.name ?? '' };
        const given = { hsm, planHash, ids: refused?.ids ?? [], by, at: now, expiresAt: approvalExpiresAt(now), note };
        const document: RetentionApproval = { schema: 'hsmkeep.retention-approval/1', ...given, usedBy: null };
        await clients.documents.write(retentionApprovalPath(hsm), JSON.stringify(document));
        log.info('retention approved', { hsm, planHash, backups: given.ids.length, by: by.oid });
        return { jsonBody: given };
      },
    },
  },
});
