import type { InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import { updateDocument } from '../clients/blob-store.ts';
import { listBackups } from '../clients/catalogue.ts';
import type { Clients } from '../clients/clients.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import { parseDocument } from '../domain/documents.ts';
import { type DueRun, type DueSweep, dueRuns, dueSweeps, type LastStarts, startKey } from '../domain/due-runs.ts';
import type { Duty } from '../domain/duty.ts';
import { isProven } from '../domain/record.ts';
import { redact } from '../domain/redact.ts';
import type { BackupView } from '../domain/views.ts';
import { backupHsm } from '../orchestrators/backup-hsm.ts';
import { drillHsm } from '../orchestrators/drill-hsm.ts';
import { preRestoreBackup } from '../orchestrators/pre-restore-backup.ts';
import { sweepSecrets } from '../orchestrators/sweep-secrets.ts';
import { closeLostRuns } from './lost-runs.ts';
import { startSafetyBackups } from './safety-backups.ts';
import { listLive, liveRuns, startOnce } from './start-run.ts';
import { tellAges } from './tell-ages.ts';
import { tellSecrets } from './tell-secrets.ts';
import { queueOverdue, sendWaiting } from './waiting-notices.ts';

/** Every five minutes, UTC. */
export const SCHEDULE = '0 */5 * * * *';

/** `index/schedule.json`: the latest planned instant that was started, of each kind and HSM or vault. */
type ScheduleDocument = Readonly<{ schema: 'hsmkeep.schedule/1'; lastStarts: LastStarts }>;
const PATH = 'index/schedule.json';

const DUTY_OF = { backup: 'backup', 'pre-restore': 'restore', drill: 'restore', sweep: 'rotate' } as const satisfies Record<
  Due['kind'],
  Duty
>;

type Due = DueRun | DueSweep;

/**
 * Starts what is due for the duties of this app; a failure with one HSM does not keep the others waiting.
 *
 * @param clientsOf Those of a duty: what it looks after is looked at as that duty, and what all share as any.
 */
export const fiveMinutesPassed =
  ({ clientsOf, duties }: Readonly<{ clientsOf(duty: Duty): Clients; duties: readonly Duty[] }>) =>
  async (durable: DurableClient, log: InvocationContext): Promise<void> => {
    const now = new Date().toISOString();
    const clients = clientsOf(duties[0] ?? 'backup');
    const lastStarts = await readLastStarts(clients);
    const { config } = clients;
    const all: Due[] = [...dueRuns(config, lastStarts, now), ...dueSweeps(config.vaults, lastStarts, now)];
    const due = all.filter(({ kind }) => duties.includes(DUTY_OF[kind]));

    for (const run of due) {
      const own = clientsOf(DUTY_OF[run.kind]);
      try {
        const decision = await decide(durable, own, run);
        if (decision === 'later') continue;
        const started = decision === 'start' && (await start(durable, own, run));
        await noteStart(clients, run);
        log.info('run due', { run: run.instanceId, plannedAt: run.plannedAt, started });
        if (run.kind === 'sweep') await tellSecrets({ clients: own, now, log }, run.vault);
      } catch (error) {
        log.error('run could not be started', {
          run: run.instanceId,
          reason: redact(error instanceof Error ? error.message : String(error)),
        });
      }
    }
    await closeLostRuns({ clients, durable, now, log });
    if (duties.includes('backup')) {
      const own = clientsOf('backup');
      await startSafetyBackups({ clients: own, durable, log });
      await tellAges({ clients: own, now, log });
      await queueOverdue({ clients: own, now, log });
    }
    await sendWaiting({ clients, now, log });
  };

async function decide(durable: DurableClient, clients: Clients, run: Due): Promise<'start' | 'later' | 'no'> {
  if (run.kind !== 'sweep') return run.kind === 'backup' ? isStillNeeded(durable, clients, run) : 'start';
  // A sweep that takes long is not overtaken by the next.
  return (await listLive(durable, `sweep-${run.vault}-`)).length > 0 ? 'later' : 'start';
}

/**
 * A backup that somebody asked for after the planned instant, and that got its proof, is this night's. While one is under way,
 * nobody knows yet: the next tick looks again.
 */
async function isStillNeeded(durable: DurableClient, clients: Clients, { hsm, plannedAt }: DueRun): Promise<'start' | 'later' | 'no'> {
  if ((await liveRuns({ clients, durable }, 'backup', hsm)).length > 0) return 'later';
  const { countsFrom } = clients.hsmConfig(hsm).protect;
  const backups = await listBackups(clients.backups(hsm), hsm, clients.documents).catch(unlessUnavailable);
  return backups.some((backup) => backup.takenAt >= plannedAt && isProven(backup, countsFrom)) ? 'no' : 'start';
}

/** What cannot be listed does not keep a backup from being tried: the run will tell what is wrong. */
function unlessUnavailable(error: unknown): BackupView[] {
  if (error instanceof RefusedError || error instanceof TransientError) return [];
  throw error;
}

function start(durable: DurableClient, { hsmConfig }: Clients, run: Due): Promise<boolean> {
  if (run.kind === 'sweep') return startOnce(durable, sweepSecrets, run.instanceId, { vault: run.vault, lookMs: run.lookMs, part: null });
  const { kind, hsm, instanceId } = run;
  if (kind === 'drill') return startOnce(durable, drillHsm, instanceId, { hsm, folder: null });
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
async function noteStart({ documents }: Clients, run: Due): Promise<void> {
  const key = startKey(run.kind, run.kind === 'sweep' ? run.vault : run.hsm);
  await updateDocument(documents, PATH, (text) => {
    const lastStarts = text === undefined ? {} : parseDocument<ScheduleDocument>(text, 'hsmkeep.schedule/1', PATH).lastStarts;
    return JSON.stringify({
      schema: 'hsmkeep.schedule/1',
      lastStarts: { ...lastStarts, [key]: run.plannedAt },
    } satisfies ScheduleDocument);
  });
}
