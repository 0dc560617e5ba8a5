import type { InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import type { Clients } from '../clients/clients.ts';
import { readRun, writeRun } from '../clients/runs.ts';
import { parseDocument } from '../domain/documents.ts';
import type { Duty } from '../domain/duty.ts';
import { currentRun } from '../domain/live-run.ts';
import type { HsmLock } from '../domain/lock.ts';
import type { RunKind } from '../domain/run.ts';
import { parseRunId } from '../domain/run-id.ts';
import { findInstance, isLive } from './start-run.ts';

type Surroundings = Readonly<{ clients: Clients; durable: DurableClient; now: string; log: InvocationContext }>;

/** Whose task hub runs what. */
const DUTY_OF: Readonly<Record<RunKind, Duty>> = {
  backup: 'backup',
  adopt: 'backup',
  prune: 'backup',
  'pre-restore': 'restore',
  restore: 'restore',
  drill: 'restore',
  rotation: 'rotate',
};

/**
 * Writes the end of runs that hold a lock and whose orchestration has ended without writing it (terminated by hand, a defect, the loss of
 * the task hub), so that the next run can take the lock over. Judges only runs of this app's own duties: others lie in another task hub.
 */
export async function closeLostRuns({ clients, durable, now, log }: Surroundings): Promise<void> {
  for await (const { name } of clients.documents.listBlobs('locks/')) {
    const document = await clients.documents.read(name);
    if (!document) continue;
    const { owner } = parseDocument<HsmLock>(document.text, 'hsmkeep.lock/1', name);
    const [record, instance] = await Promise.all([readRun(clients.documents, owner), findInstance(durable, owner)]);
    const kind = parseRunId(owner)?.kind;
    if ((instance && isLive(instance)) || record?.endedAt || !kind) continue;
    if (!instance && !clients.duties.includes(DUTY_OF[kind])) continue;

    const runtimeStatus = instance ? String(instance.runtimeStatus) : 'Lost';
    const ended = currentRun(record, { live: false, runtimeStatus, customStatus: instance?.customStatus }, now);
    if (!ended) continue;
    await writeRun(clients.documents, ended);
    log.warn('run had ended without a record', { run: owner, status: ended.status });
  }
}
