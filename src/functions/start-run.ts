import type { HttpResponseInit } from '@azure/functions';
import type { DurableClient, DurableOrchestrationStatus } from 'durable-functions';
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

/** The runs of one kind on one subject that have not ended. */
export async function liveRuns(durable: DurableClient, kind: RunKind, subject: string): Promise<string[]> {
  const instances = await listLive(durable, `${kind}-${subject}-`);
  return instances.map(({ instanceId }) => instanceId).filter((id) => parseRunId(id)?.subject === subject);
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
