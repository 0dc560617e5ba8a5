import { createHash } from 'node:crypto';
import { parseDocument } from '../domain/documents.ts';
import { type PruningInput, type PruningPlan, planPruning, policyOf } from '../domain/pruning.ts';
import { policyHashOf } from '../domain/retention/plan.ts';
import { isInForce, type RetentionApproval, retentionApprovalPath } from '../domain/retention-approval.ts';
import type { BlobStore } from './blob-store.ts';
import type { Clients } from './clients.ts';
import { readRetentionState } from './retention-state.ts';

/** What may differ from the configuration. `approved` false: as if nobody had approved anything. */
export type PlanWishes = Partial<Pick<PruningInput, 'policy' | 'night'>> & Readonly<{ approved?: boolean }>;

/**
 * Decides what to do with the backups of an HSM, from what storage holds now; changes nothing.
 *
 * @param hsm As it is configured.
 * @param now ISO 8601 UTC.
 */
export async function makePruningPlan(clients: Clients, hsm: string, now: string, wishes: PlanWishes = {}): Promise<PruningPlan> {
  const { config, documents } = clients;
  const configuration = clients.hsmConfig(hsm);
  const { policy = policyOf(configuration, config.timeZone), approved = true, night } = wishes;
  const approval = approved ? await readApproval(documents, hsm) : undefined;
  return planPruning({
    hsm,
    configured: [...config.hsms, ...config.drillHsms].map(({ name }) => name),
    state: await readRetentionState(clients.backups(hsm), hsm, policy.protection),
    policy,
    mode: configuration.prune,
    now,
    ...(night !== undefined && { night }),
    ...(configuration.immutableCopy && { copies: configuration.immutableCopy }),
    ...(approval && isInForce(approval, now) && { approval }),
    hash: sha256,
  });
}

/** What the policy of an HSM is known by as it is configured now: the `policyHash` of its plans. */
export const configuredPolicyHash = ({ config, hsmConfig }: Clients, hsm: string): string =>
  policyHashOf(policyOf(hsmConfig(hsm), config.timeZone), sha256);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The latest approval of an HSM, in force or not; undefined when there never was one. */
export async function readApproval(documents: BlobStore, hsm: string): Promise<RetentionApproval | undefined> {
  const path = retentionApprovalPath(hsm);
  const document = await documents.read(path);
  return document && parseDocument<RetentionApproval>(document.text, 'hsmkeep.retention-approval/1', path);
}
