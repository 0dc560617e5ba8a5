import type { HttpResponseInit } from '@azure/functions';
import type { DurableClient, DurableOrchestrationStatus } from 'durable-functions';
import type { Clients } from '../clients/clients.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import { readRun } from '../clients/runs.ts';
import type { RunKind } from '../domain/run.ts';
import { parseRunId } from '../domain/run-id.ts';
import type { Orchestrator } from '../orchestrators/durable.ts';

/** Words of the durable API for instances that have not ended. */
const LIVE = new Set(['Running', 'Pending', 'Suspended', 'ContinuedAsNew']);

/**
 * Starts an orchestration unless one of this id was ever started.
 *
 * @returns Whether it was started now.
 */
export async function startOnce<Input>(
  durable: DurableClient,
  orchestrator: Orchestrator<Input>,
  instanceId: string,
  input: Input,
): Promise<boolean> {
  if (await findInstance(durable, instanceId)) return false;
  await durable.startNew(orchestrator.name, { instanceId, input });
  return true;
}

/** An instance's status; undefined when there is none of that id. */
export async function findInstance(durable: DurableClient, instanceId: string): Promise<DurableOrchestrationStatus | undefined> {
  try {
    // For an id that is not there some versions answer null, others throw a 404.
    return (await durable.getStatus(instanceId)) ?? undefined;
  } catch (error) {
    if (/404|not found/i.test(error instanceof Error ? error.message : '')) return undefined;
    throw error;
  }
}

export const isLive = (status: Pick<DurableOrchestrationStatus, 'runtimeStatus'>): boolean => LIVE.has(String(status.runtimeStatus));

/**
 * The runs of one kind on one subject that are under way. One whose record tells its end is none, though its orchestration takes a moment
 * more: whoever asks for another one then is not to be told of that.
 */
export async function liveRuns(
  { clients, durable }: Readonly<{ clients: Pick<Clients, 'documents'>; durable: DurableClient }>,
  kind: RunKind,
  subject: string,
): Promise<string[]> {
  const instances = await listLive(durable, `${kind}-${subject}-`);
  const ids = instances.map(({ instanceId }) => instanceId).filter((id) => parseRunId(id)?.subject === subject);
  const runs = await Promise.all(ids.map((id) => readRun(clients.documents, id).catch(unlessUnavailable)));
  return ids.filter((_, index) => !runs[index]?.endedAt);
}

/** What cannot be looked at for now has told nothing. */
export function unlessUnavailable(error: unknown): undefined {
  if (!(error instanceof RefusedError || error instanceof TransientError)) throw error;
}

/** Instances that have not ended, by the beginning of their ids. */
export async function listLive(durable: DurableClient, idPrefix: string): Promise<DurableOrchestrationStatus[]> {
  const runtimeStatus = ['Running', 'Pending', 'Suspended'] as unknown as DurableOrchestrationStatus['runtimeStatus'][];
  const instances = await durable.getStatusBy({ runtimeStatus });
  return instances.filter(({ instanceId }) => instanceId.startsWith(idPrefix));
}

/** 202 with where to look. */
export const accepted = (runId: string): HttpResponseInit => ({
  status: 202,
  headers: { location: `/api/runs/${runId}`, 'retry-after': '2' },
  jsonBody: { runId },
});
