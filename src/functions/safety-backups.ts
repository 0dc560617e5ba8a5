import type { InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import type { Clients } from '../clients/clients.ts';
import { parseDocument } from '../domain/documents.ts';
import { SAFETY_PREFIX, type SafetyRequest } from '../domain/restore/safety.ts';
import { parseRunId } from '../domain/run-id.ts';
import { backupHsm } from '../orchestrators/backup-hsm.ts';
import { startOnce } from './start-run.ts';

type Surroundings = Readonly<{ clients: Clients; durable: DurableClient; log: InvocationContext }>;

/** Starts the backups that restores of another app wait for. The request goes once its run is there, which is started at most once. */
export async function startSafetyBackups({ clients, durable, log }: Surroundings): Promise<void> {
  for await (const { name } of clients.documents.listBlobs(SAFETY_PREFIX)) {
    const document = await clients.documents.read(name);
    if (!document) continue;
    const { hsm, run, restore } = parseDocument<SafetyRequest>(document.text, 'hsmkeep.safety-request/1', name);
    const { backupTo } = clients.hsmConfig(hsm);
    if (parseRunId(run)?.subject === hsm) {
      const started = await startOnce(durable, backupHsm, run, { hsm, container: backupTo.container });
      log.info('safety backup asked for', { run, restore, started });
    }
    await clients.documents.remove(name);
  }
}
