import type { InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import { updateDocument } from '../clients/blob-store.ts';
import type { Clients } from '../clients/clients.ts';
import { parseDocument } from '../domain/documents.ts';
import { type DueRun, dueRuns, type LastStarts, startKey } from '../domain/due-runs.ts';
import type { Duty } from '../domain/duty.ts';
import { redact } from '../domain/redact.ts';
import { backupHsm } from '../orchestrators/backup-hsm.ts';
import { preRestoreBackup } from '../orchestrators/pre-restore-backup.ts';
import { closeLostRuns } from './lost-runs.ts';
import { startOnce } from './start-run.ts';

/** Every five minutes, UTC. */
export const SCHEDULE = '0 */5 * * * *';

/** `index/schedule.json`: the latest planned instant that was started, of each kind and HSM. */
type ScheduleDocument = Readonly<{ schema: 'hsmkeep.schedule/1'; lastStarts: LastStarts }>;
const PATH = 'index/schedule.json';

const DUTY_OF = { backup: 'backup', 'pre-restore': 'restore' } as const satisfies Record<DueRun['kind'], Duty>;

/** Starts what is due for the duties of this app; a failure with one HSM does not keep the others waiting. */
export const fiveMinutesPassed =
  ({ clients, duties }: Readonly<{ clients: Clients; duties: readonly Duty[] }>) =>
  async (durable: DurableClient, log: InvocationContext): Promise<void> => {
    const now = new Date().toISOString();
    const lastStarts = await readLastStarts(clients);
    const due = dueRuns(clients.config, lastStarts, now).filter(({ kind }) => duties.includes(DUTY_OF[kind]));

    for (const run of due) {
      try {
        const started = await start(durable, clients, run);
        await noteStart(clients, run);
        log.info('run due', { run: run.instanceId, plannedAt: run.plannedAt, started });
      } catch (error) {
        log.error('run could not be started', {
          run: run.instanceId,
          reason: redact(error instanceof Error ? error.message : String(error)),
        });
      }
    }
    await closeLostRuns({ clients, durable, now, log });
  };

function start(durable: DurableClient, { hsmConfig }: Clients, { kind, hsm, instanceId }: DueRun): Promise<boolean> {
  const { container } = hsmConfig(hsm).backupTo;
  return kind === 'backup'
    ? startOnce(durable, backupHsm, instanceId, { hsm, container })
    : startOnce(durable, preRestoreBackup, instanceId, { hsm, folder: null, container });
}

async function readLastStarts({ documents }: Clients): Promise<LastStarts> {
  const document = await documents.read(PATH);
  return document ? parseDocument<ScheduleDocument>(document.text, 'hsmkeep.schedule/1', PATH).lastStarts : {};
}

/** Other duties' apps write the same document, hence the guard. */
async function noteStart({ documents }: Clients, { kind, hsm, plannedAt }: DueRun): Promise<void> {
  await updateDocument(documents, PATH, (text) => {
    const lastStarts = text === undefined ? {} : parseDocument<ScheduleDocument>(text, 'hsmkeep.schedule/1', PATH).lastStarts;
    return JSON.stringify({
      schema: 'hsmkeep.schedule/1',
      lastStarts: { ...lastStarts, [startKey(kind, hsm)]: plannedAt },
    } satisfies ScheduleDocument);
  });
}
