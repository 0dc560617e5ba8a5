import * as z from 'zod';
import { chooseDrill } from '../activities/choose-drill.ts';
import { requireDrill } from '../activities/drill-clients.ts';
import { findRestore } from '../activities/find-restore.ts';
import type { Clients } from '../clients/clients.ts';
import { TransientError } from '../clients/errors.ts';
import { canaryPlan, type DrillPlan, fullPlan } from '../domain/drill/plan.ts';
import { NotConfiguredError, NotFoundError, OperatorError } from '../domain/errors.ts';
import { parseFolder } from '../domain/folder.ts';
import { requestedRunId } from '../domain/run-id.ts';
import { drillHsm } from '../orchestrators/drill-hsm.ts';
import { requireFree } from './busy.ts';
import { defineRoute } from './define-route.ts';
import { HttpProblem } from './problem.ts';
import * as schemas from './schemas.ts';
import { accepted, liveRuns, startOnce } from './start-run.ts';

const folder = z
  .string()
  .refine((name) => parseFolder(name) !== undefined, 'must be the folder of a backup: mhsm-<hsm>-<16 digits>')
  .optional();
const body = z.strictObject({ folder: folder.describe('Without it, the newest recorded backup') });

/** A person waits for the plan. */
const BUDGET_MS = 20_000;

export const hsmDrill = defineRoute({
  name: 'hsmDrill',
  route: 'hsms/{hsm}/drill',
  duties: ['restore'],
  methods: {
    GET: {
      role: 'operator',
      summary: 'What a drill of this HSM would do: what it copies into the drill HSM, and who must be given their roles there again',
      answers: { 200: { description: 'The plan', schema: schemas.drillPlan } },
      handle: async ({ params }, { clients, now }) => ({ jsonBody: await planDrill(clients, params['hsm'] ?? '', now) }),
    },
    POST: {
      role: 'operator',
      summary: 'Proves a backup by restoring from it into the drill HSM; while a drill of this HSM runs already, tells which',
      body,
      answers: { 202: { description: 'Started', schema: schemas.started } },
      async handle({ params, body: input }, tools) {
        const { clients, durable, now } = tools;
        const { source, target } = requireConfigured(clients, params['hsm'] ?? '');
        const [running] = await liveRuns(durable, 'drill', source.name);
        if (running !== undefined) return accepted(running);
        await requireFree(tools, target.name);

        const runId = requestedRunId('drill', source.name, now);
        await startOnce(durable, drillHsm, runId, { hsm: source.name, folder: (input as z.output<typeof body>).folder ?? null });
        return accepted(runId);
      },
    },
  },
});

async function planDrill(clients: Clients, hsm: string, now: string): Promise<DrillPlan> {
  requireConfigured(clients, hsm);
  const chosen = await chooseDrill.create(clients)({ hsm, folder: null });
  if ('refused' in chosen) throw new HttpProblem(409, chosen.refused);
  if ('throttledMs' in chosen) throw new TransientError('a service takes no more requests for now');
  const { source, target, scope, folder, canaryKey } = chosen.value;
  if (scope !== 'full') return canaryPlan({ source, target, folder, canaryKey });
  const { findings } = await findRestore(clients, { source, target, selector: { folder }, scope }, now, BUDGET_MS);
  return fullPlan(findings);
}

/** What the configuration forbids is no defect of the app, but a state to be mended. */
function requireConfigured(clients: Clients, hsm: string): ReturnType<typeof requireDrill> {
  try {
    return requireDrill(clients, hsm);
  } catch (error) {
    if (!(error instanceof OperatorError) || error instanceof NotFoundError || error instanceof NotConfiguredError) throw error;
    throw new HttpProblem(409, error);
  }
}
