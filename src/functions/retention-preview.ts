import * as z from 'zod';
import { makePruningPlan } from '../clients/retention-plan.ts';
import { protect, retention } from '../config/config.ts';
import { policyOf } from '../domain/pruning.ts';
import { defineRoute } from './define-route.ts';

const body = z.strictObject({
  retention: retention.optional().describe('Another policy than the configured one, taken whole'),
  protect: protect.optional().describe('Protections that differ from the configured ones'),
});

const plan = z.object({
  hsm: z.string(),
  mode: z.enum(['observe', 'mark', 'delete']).describe('observe: the lists say what delete would do'),
  now: z.string(),
  timeZone: z.string(),
  policyHash: z.string(),
  decisions: z.array(z.object({ id: z.string(), keep: z.boolean(), reasons: z.array(z.string()) })).describe('Newest first'),
  refused: z
    .object({ guard: z.string(), message: z.string(), hint: z.string(), ids: z.array(z.string()), planHash: z.string().optional() })
    .nullable()
    .describe('Why nothing may be deleted'),
  young: z.boolean().describe('Refused for too few backups, with nothing that the policy would forget: no cause for worry'),
  other: z.int().describe('Folders that are no backups of this HSM'),
  mark: z.array(z.object({ folder: z.string(), reason: z.string() })),
  lift: z.array(z.string()).describe('Marked, and kept again'),
  waiting: z.array(z.object({ folder: z.string(), deletableAt: z.string() })),
  prune: z.array(z.object({ folder: z.string(), markedAt: z.string().nullable() })),
  copies: z
    .object({ due: z.array(z.string()), waiting: z.array(z.object({ folder: z.string(), removableAt: z.string() })) })
    .describe('Second copies of pruned backups: to be deleted now, and those whose time has not come'),
  goesAt: z
    .record(z.string(), z.string().nullable())
    .describe('When each backup would be deleted at the earliest, one new backup a day assumed; null: no end is in sight'),
  recoverable: z
    .object({ any: z.string().nullable(), newest: z.string().nullable() })
    .nullable()
    .describe('Until when a key that is destroyed now stays recoverable at least: if all backups hold it, if only the newest does'),
  approval: z
    .object({ by: z.string(), planHash: z.string(), expiresAt: z.string() })
    .nullable()
    .describe('What an administrator lets go beyond the brake; the next night that prunes uses it up'),
  finish: z.array(z.string()).describe('Deleted in part by an earlier run'),
});

export const retentionPreview = defineRoute({
  name: 'retentionPreview',
  route: 'hsms/{hsm}/retention/preview',
  duties: ['backup'],
  methods: {
    POST: {
      role: 'operator',
      summary: 'What retention would do now, and why, under the configured policy or another; changes nothing',
      body,
      answers: { 200: { description: 'The plan', schema: plan } },
      async handle({ params, body: input }, { clients, now }) {
        const configured = clients.hsmConfig(params['hsm'] ?? '');
        const other = input as z.output<typeof body>;
        const policy = { retention: other.retention ?? configured.retention, protect: { ...configured.protect, ...other.protect } };
        const { schema: _, ...answer } = await makePruningPlan(clients, configured.name, now, {
          policy: policyOf(policy, clients.config.timeZone),
        });
        return { jsonBody: answer };
      },
    },
  },
});
