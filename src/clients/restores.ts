import { createHash } from 'node:crypto';
import { parseDocument } from '../domain/documents.ts';
import { OperatorError } from '../domain/errors.ts';
import { inventoryPath } from '../domain/record.ts';
import { type ContentDocument, type HsmContent, UNREADABLE_CONTENT } from '../domain/restore/content.ts';
import type { RestoreDecision } from '../domain/restore/decision.ts';
import { landingContainer } from '../domain/restore/landing.ts';
import type { RestoreOutcome } from '../domain/restore/outcome.ts';
import {
  beforePath,
  decisionPath,
  hashedText,
  isPlanId,
  outcomePath,
  type Person,
  PLAN_VALID_MS,
  planPath,
  type RestoreFindings,
  type RestorePlan,
} from '../domain/restore/plan.ts';
import { requestedRunId } from '../domain/run-id.ts';
import type { BlobStore } from './blob-store.ts';

/** SHA-256, lower-case hexadecimal. */
export const planHash = (findings: RestoreFindings): string => createHash('sha256').update(hashedText(findings)).digest('hex');

/**
 * A plan made of findings.
 *
 * @param container Address of the container that the HSM wrote its backups into.
 * @param now ISO 8601 UTC.
 */
export function newPlan(findings: RestoreFindings, container: string, requestedBy: Person, now: string): RestorePlan {
  const id = requestedRunId('restore', findings.target, now);
  return {
    schema: 'hsmkeep.restore-plan/1',
    id,
    hash: planHash(findings),
    requestedBy,
    plannedAt: now,
    expiresAt: new Date(Date.parse(now) + PLAN_VALID_MS).toISOString(),
    ...(findings.from === 'immutableCopy' && { landing: landingContainer(container, id) }),
    ...findings,
  };
}

/**
 * A stored plan; undefined when there is none of that id.
 *
 * @throws {OperatorError} when what is stored does not have the hash that it was stored with.
 */
export async function readPlan(store: BlobStore, id: string): Promise<RestorePlan | undefined> {
  if (!isPlanId(id)) return undefined;
  const path = planPath(id);
  const document = await store.read(path);
  if (!document) return undefined;
  const plan = parseDocument<RestorePlan>(document.text, 'hsmkeep.restore-plan/1', path);
  if (plan.id === id && plan.hash === planHash(plan)) return plan;
  throw new OperatorError(`${path} was changed after it was written: it does not have its hash.`, 'Find out who did that; then plan anew.');
}

/** Stores a plan once. @returns false when there is one of that id already. */
export async function storePlan(store: BlobStore, plan: RestorePlan): Promise<boolean> {
  const { status } = await store.write(planPath(plan.id), JSON.stringify(plan), { ifAbsent: true });
  return status === 'written';
}

/** What a second person said to a plan; undefined while nobody has. */
export async function readDecision(store: BlobStore, id: string): Promise<RestoreDecision | undefined> {
  const path = decisionPath(id);
  const document = await store.read(path);
  return document && parseDocument<RestoreDecision>(document.text, 'hsmkeep.approval/1', path);
}

/** Stores a decision, if it is the first. */
export async function storeDecision(store: BlobStore, decision: RestoreDecision): Promise<boolean> {
  const { status } = await store.write(decisionPath(decision.plan), JSON.stringify(decision), { ifAbsent: true });
  return status === 'written';
}

/** What the inventory beside a backup tells; unreadable in all parts where there is none, or none that can be read. */
export async function readBackupContent(
  backups: BlobStore,
  hsm: string,
  folder: string,
): Promise<Readonly<{ content: HsmContent; uncertain: readonly string[] }>> {
  const found = await readContent(backups, inventoryPath(hsm, folder)).catch(asNone);
  return found ? { content: found.parts, uncertain: found.uncertain } : { content: UNREADABLE_CONTENT, uncertain: [] };
}

/** A damaged inventory is no reason to give up a backup on the worst day; that what it holds is not known, the plan says. */
function asNone(error: unknown): undefined {
  if (!(error instanceof OperatorError)) throw error;
}

/** What the target held right before its restore. */
export async function readContentBefore(store: BlobStore, id: string): Promise<HsmContent> {
  return (await readContent(store, beforePath(id)))?.parts ?? UNREADABLE_CONTENT;
}

/** How the target compares after its restore; undefined before. */
export async function readOutcome(store: BlobStore, id: string): Promise<RestoreOutcome | undefined> {
  const path = outcomePath(id);
  const document = await store.read(path);
  return document && parseDocument<RestoreOutcome>(document.text, 'hsmkeep.restore-outcome/1', path);
}

async function readContent(store: BlobStore, path: string): Promise<ContentDocument | undefined> {
  const document = await store.read(path);
  return document && parseDocument<ContentDocument>(document.text, 'hsmkeep.inventory/1', path);
}
