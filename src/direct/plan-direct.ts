import { findRestore } from '../activities/find-restore.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import { newPlan, readPlan, storePlan } from '../clients/restores.ts';
import type { Config } from '../config/config.ts';
import { NotFoundError, OperatorError } from '../domain/errors.ts';
import { besideCopies } from '../domain/restore/landing.ts';
import type { RestorePlan, RestoreRequest } from '../domain/restore/plan.ts';
import { directClients } from './direct-clients.ts';
import type { Direct } from './run-activity.ts';

/** Nobody waits behind an HTTP call. */
const BUDGET_MS = 600_000;

/**
 * Plans a restore with the caller's own identity, and keeps the plan beside the backups, or in the container that stands in for theirs.
 *
 * @param home Address of that container, see `findHome`.
 * @param now ISO 8601 UTC.
 */
export async function planDirect(direct: Direct, request: RestoreRequest, home: string | undefined, now: string): Promise<RestorePlan> {
  const { clients } = direct;
  const { findings } = await findRestore(clients, request, now, BUDGET_MS);
  const oid = (await clients.hsm(findings.target).callerId()) ?? '';
  const plan = newPlan(findings, home ?? clients.hsmConfig(findings.source).backupTo.container, { oid, name: oid }, now);
  if (!(await storePlan(clients.documents, plan))) throw new OperatorError('A plan was made at the same instant.', 'Plan again.');
  return plan;
}

/** A plan, whose backup it is about, and the container that stands in for that of its backups. */
export type DirectPlan = Readonly<{ plan: RestorePlan; source: string; home: string | undefined }>;

/**
 * Finds a plan that was made with the caller's own identity, whichever HSM's backups or copies it lies beside.
 *
 * @param named Address of a container that the plan was made with.
 * @throws {NotFoundError}
 */
export async function findDirectPlan(
  config: Config,
  id: string,
  storage: string | undefined,
  named: string | undefined,
): Promise<DirectPlan> {
  const closed: string[] = [];
  for (const { name, immutableCopy } of config.hsms) {
    const homes = named !== undefined ? [named] : [undefined, ...(immutableCopy ? [besideCopies(immutableCopy.container)] : [])];
    for (const home of homes) {
      try {
        const plan = await readPlan(directClients(config, name, storage, home).documents, id);
        if (plan) return { plan, source: name, home };
      } catch (error) {
        // On the worst day not every container is there; where the plan is found, the others do not matter.
        if (!(error instanceof RefusedError || error instanceof TransientError)) throw error;
        closed.push(error.message);
      }
    }
  }
  throw new NotFoundError(
    `There is no direct plan ${id} beside the backups or copies of any configured HSM${closed.length > 0 ? `, as far as could be seen: ${closed.join(' ')}` : '.'}`,
    'Make one: hsmkeep restore plan <hsm> --direct. If it was made with --landing, name that container again.',
  );
}
