import { readLock } from '../activities/find-restore.ts';
import { readRun } from '../clients/runs.ts';
import type { Tools } from './define-route.ts';
import { HttpProblem } from './problem.ts';
import { liveRuns } from './start-run.ts';

/**
 * Whoever asks for work on an HSM by hand should know at once that something else works on it, instead of waiting behind it. Runs by schedule
 * wait.
 *
 * @param own A run that may be there: the one that is asked for.
 * @throws {HttpProblem} 409, naming the run that works on it.
 */
export async function requireFree({ clients, durable }: Pick<Tools, 'clients' | 'durable'>, hsm: string, own?: string): Promise<void> {
  const [other] = (await liveRuns(durable, 'restore', hsm)).filter((run) => run !== own);
  const owner = other ?? (await readLock(clients.documents, hsm))?.owner;
  if (owner === undefined || owner === own || (await readRun(clients.documents, owner))?.endedAt) return;
  throw new HttpProblem(409, {
    message: `${owner} works on ${hsm} now.`,
    hint: `Ask again when it has ended: hsmkeep run show ${owner} --follow`,
  });
}
