import type { InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import type { Clients } from '../clients/clients.ts';
import { parseDocument } from '../domain/documents.ts';
import { redact } from '../domain/redact.ts';
import { SAFETY_PREFIX, type SafetyRequest } from '../domain/restore/safety.ts';
import { parseRunId } from '../domain/run-id.ts';
import { backupHsm } from '../orchestrators/backup-hsm.ts';
import { startOnce } from './start-run.ts';

type Surroundings = Readonly<{ clients: Clients; durable: DurableClient; log: InvocationContext }>;

/**
 * Starts the backups that restores of another app wait for. A request goes once its run is there, which is started at most once; one that
 * cannot be served keeps none of the others waiting.
 */
export async function startSafetyBackups({ clients, durable, log }: Surroundings): Promise<void> {
  for await (const { name } of clients.documents.listBlobs(SAFETY_PREFIX)) {
    try {
      const document = await clients.documents.read(name);
      if (!document) continue;
      const { hsm, run, restore } = parseDocument<SafetyRequest>(document.text, 'hsmkeep.safety-request/1', name);
      const { backupTo } = clients.hsmConfig(hsm);
      const { kind, subject } = parseRunId(run) ?? {};
      if (kind !== 'backup' || subject !== hsm) throw new Error(`${run} is not the id of a backup of ${hsm}`);
      const started = await startOnce(durable, backupHsm, run, { hsm, container: backupTo.container });
      log.info('safety backup asked for', { run, restore, started });
      await clients.documents.remove(name);
    } catch (error) {
      log.error('safety backup could not be started', {
        request: name,
        reason: redact(error instanceof Error ? error.message : String(error)),
      });
    }
  }
}
