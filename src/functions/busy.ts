import { readLock } from '../activities/find-restore.ts';
import { readRun } from '../clients/runs.ts';
import type { Tools } from './define-route.ts';
import { HttpProblem } from './problem.ts';
import { liveRuns } from './start-run.ts';

/**
 * The run that works on an HSM now, by its lock; undefined when none does, or when the lock's run has ended and the next one takes it over.
 */
export async function workerOn({ clients }: Pick<Tools, 'clients'>, hsm: string): Promise<string | undefined> {
  const owner = (await readLock(clients.documents, hsm))?.owner;
  if (owner === undefined || (await readRun(clients.documents, owner))?.endedAt) return undefined;
  return owner;
}

/**
 * Whoever asks for work on an HSM by hand should know at once that something else works on it, instead of waiting behind it. Runs by schedule
 * wait.
 *
 * @param own A run that may be there: the one that is asked for.
 * @throws {HttpProblem} 409, naming the run that works on it, or the restore that is about to.
 */
export async function requireFree(tools: Pick<Tools, 'clients' | 'durable'>, hsm: string, own?: string): Promise<void> {
  const [other] = (await liveRuns(tools, 'restore', hsm)).filter((run) => run !== own);
  const owner = other ?? (await workerOn(tools, hsm));
  if (owner !== undefined && owner !== own) throw busy(owner, hsm);
}

export const busy = (owner: string, hsm: string): HttpProblem =>
  new HttpProblem(409, {
    message: `${owner} works on ${hsm} now.`,
    hint: `Ask again when it has ended: hsmkeep run show ${owner} --follow`,
  });
