import * as z from 'zod';
import { defineRoute } from './define-route.ts';
import { HttpProblem } from './problem.ts';
import * as schemas from './schemas.ts';
import { startRotation } from './secret-runs.ts';
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
      async handle({ params, body: input }, { clients, durable, now }) {
        const vault = clients.vaultConfig(params['vault'] ?? '');
        const name = params['name'] ?? '';
        if (!/^[0-9a-zA-Z-]{1,127}$/.test(name))
          throw new HttpProblem(400, { message: `${name} is no name of a secret.`, hint: 'GET /api/secrets lists them.' });
        if (vault.rotation !== 'on')
          throw new HttpProblem(409, {
            message: `${vault.name} is only observed: hsmkeep rotates nothing there.`,
            hint: 'Set "rotation": "on" and an "escrowVault" for this vault in the configuration.',
          });
        const { reason, mode } = input as z.output<typeof body>;
        const rotation = { vault: vault.name, name, trigger: 'request', mode, reason, wanted: null } as const;
        return accepted((await startRotation({ clients, durable, now }, rotation)).runId);
      },
    },
  },
});
