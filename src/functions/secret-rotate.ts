import * as z from 'zod';
import { defineRoute } from './define-route.ts';
import * as schemas from './schemas.ts';
import { secretToWorkOn } from './secret-request.ts';
import { requesterOf, startRotation } from './secret-runs.ts';
import { accepted } from './start-run.ts';

const body = z.strictObject({
  reason: z.string().trim().min(1).max(200).describe('Why; kept with the run. Never a value'),
  mode: z
    .enum(['normal', 'compromise'])
    .default('normal')
    .describe('compromise: the value is known to others; no grace, no window, the old one ends at once'),
});

export const secretRotate = defineRoute({
  name: 'secretRotate',
  route: 'secrets/{vault}/{name}/rotate',
  duties: ['rotate'],
  methods: {
    POST: {
      role: 'operator',
      summary: 'Rotates a secret now; while a run that does just that is under way, tells which',
      body,
      answers: { 202: { description: 'Started', schema: schemas.started } },
      async handle({ params, body: input }, { clients, durable, now, caller }) {
        const ref = secretToWorkOn(clients, params);
        const { reason, mode } = input as z.output<typeof body>;
        const rotation = { ...ref, trigger: 'request', mode, reason, by: requesterOf(caller), wanted: null } as const;
        return accepted((await startRotation({ clients, durable, now }, rotation)).runId);
      },
    },
  },
});
