import { findRestore } from '../activities/find-restore.ts';
import { newPlan, readPlan, storePlan } from '../clients/restores.ts';
import type { Config } from '../config/config.ts';
import { NotFoundError, OperatorError } from '../domain/errors.ts';
import type { RestorePlan, RestoreRequest } from '../domain/restore/plan.ts';
import { directClients } from './direct-clients.ts';
import type { Direct } from './run-activity.ts';

/** Nobody waits behind an HTTP call. */
const BUDGET_MS = 600_000;

/** Plans a restore with the caller's own identity, and keeps the plan beside the backups. @param now ISO 8601 UTC */
export async function planDirect(direct: Direct, request: RestoreRequest, now: string): Promise<RestorePlan> {
  const { clients } = direct;
  const { findings } = await findRestore(clients, request, now, BUDGET_MS);
  const oid = (await clients.hsm(findings.target).callerId()) ?? '';
  const plan = newPlan(findings, clients.hsmConfig(findings.source).backupTo.container, { oid, name: oid }, now);
  if (!(await storePlan(clients.documents, plan))) throw new OperatorError('A plan was made at the same instant.', 'Plan again.');
  return plan;
}

/** Finds a plan that was made with the caller's own identity, whichever HSM's backups it lies beside. @throws {NotFoundError} */
export async function findDirectPlan(
  config: Config,
  id: string,
  storage: string | undefined,
): Promise<Readonly<{ plan: RestorePlan; source: string }>> {
  for (const { name } of config.hsms) {
    const plan = await readPlan(directClients(config, name, storage).documents, id);
    if (plan) return { plan, source: name };
  }
  throw new NotFoundError(
    `There is no direct plan ${id} beside the backups of any configured HSM.`,
    'Make one: hsmkeep restore plan <hsm> --direct',
  );
}
