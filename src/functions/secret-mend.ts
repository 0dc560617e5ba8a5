import * as z from 'zod';
import { readHistory, type SecretRef } from '../clients/vault-secret.ts';
import { secretGone } from '../domain/rotation/problems.ts';
import { type SecretView, viewSecrets } from '../domain/rotation/secret-view.ts';
import { defineRoute, type Tools } from './define-route.ts';
import { HttpProblem } from './problem.ts';
import * as schemas from './schemas.ts';
import { secretToWorkOn } from './secret-request.ts';
import { requesterOf, startRotation } from './secret-runs.ts';
import { accepted } from './start-run.ts';

const body = z.strictObject({ reason: z.string().trim().min(1).max(200).describe('Why; kept with the run. Never a value') });
const answers = { 202: { description: 'Started', schema: schemas.started } };

export const secretRepair = defineRoute({
  name: 'secretRepair',
  route: 'secrets/{vault}/{name}/repair',
  duties: ['rotate'],
  methods: {
    POST: {
      role: 'operator',
      summary:
        'Finds out which value the target accepts and publishes that one, if it is not published; overwrites nothing when none works',
      body,
      answers,
      async handle({ params, body: input }, { clients, durable, now, caller }) {
        const ref = secretToWorkOn(clients, params);
        const { reason } = input as z.output<typeof body>;
        const rotation = {
          ...ref,
          trigger: 'request',
          mode: 'normal',
          reason,
          by: requesterOf(caller),
          wanted: null,
          repair: true,
        } as const;
        return accepted((await startRotation({ clients, durable, now }, rotation)).runId);
      },
    },
  },
});

export const secretResume = defineRoute({
  name: 'secretResume',
  route: 'secrets/{vault}/{name}/resume',
  duties: ['rotate'],
  methods: {
    POST: {
      role: 'operator',
      summary: 'Goes on now with a rotation that was broken off, or with the retirement of an old credential; begins no new one',
      body,
      answers: { ...answers, 409: { description: 'Nothing was broken off', schema: schemas.problem } },
      async handle({ params, body: input }, tools) {
        const ref = secretToWorkOn(tools.clients, params);
        const { next } = await viewOne(tools, ref);
        if (!next || next.reason === 'due' || next.reason === 'expired')
          throw new HttpProblem(409, {
            message: `No rotation of ${ref.vault}/${ref.name} was broken off.`,
            hint: `To begin one: hsmkeep secret rotate ${ref.vault}/${ref.name} --reason "…"`,
          });
        const { reason } = input as z.output<typeof body>;
        const rotation = { ...ref, trigger: 'request', mode: 'normal', reason, by: requesterOf(tools.caller), wanted: null } as const;
        return accepted((await startRotation(tools, rotation)).runId);
      },
    },
  },
});

/** How a secret stands. @throws {HttpProblem} 404 */
export async function viewOne({ clients, now }: Pick<Tools, 'clients' | 'now'>, ref: SecretRef): Promise<SecretView> {
  const history = await readHistory(clients, ref);
  const newest = history?.versions.slice(0, 1) ?? [];
  const [view] = viewSecrets(clients.vaultConfig(ref.vault), newest, history?.escrow ?? [], now);
  if (view) return view;
  throw new HttpProblem(404, secretGone(ref.vault, ref.name));
}
