import type { HttpResponseInit } from '@azure/functions';
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
import { busy, requireFree } from './busy.ts';
import { claimDrill } from './claim-drill.ts';
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
      summary:
        'Proves a backup by restoring from it into the drill HSM; while a drill of this HSM runs already, tells which; 409 when a certain backup was asked for',
      body,
      answers: { 202: { description: 'Started', schema: schemas.started } },
      async handle({ params, body: input }, tools) {
        const { clients, durable, now } = tools;
        const { source, target } = requireConfigured(clients, params['hsm'] ?? '');
        const { folder = null } = input as z.output<typeof body>;
        const [running] = await liveRuns(tools, 'drill', source.name);
        if (running !== undefined) return alreadyRuns(running, target.name, folder);
        await requireFree(tools, target.name);

        const run = requestedRunId('drill', source.name, now);
        const first = await claimDrill(tools, target.name, { run, hsm: source.name });
        if (first && first.hsm !== source.name) throw busy(first.run, target.name);
        if (first) return alreadyRuns(first.run, target.name, folder);
        await startOnce(durable, drillHsm, run, { hsm: source.name, folder });
        return accepted(run);
      },
    },
  },
});

/** Whoever wants any drill of the HSM is told of this one. @throws {HttpProblem} 409 for a certain backup, which this one may not be about */
function alreadyRuns(run: string, target: string, folder: string | null): HttpResponseInit {
  if (folder === null) return accepted(run);
  throw busy(run, target);
}

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
