import type { HsmJob } from './job.ts';

/** `locks/<hsm>.json`: who may start work on an HSM. */
export type HsmLock = Readonly<{
  schema: 'hsmkeep.lock/1';
  hsm: string;
  /** Instance id of the run that holds it. */
  owner: string;
  /** ISO 8601 UTC. */
  since: string;
  step: string;
  job: HsmJob | null;
}>;

export const lockPath = (hsm: string): string => `locks/${hsm}.json`;

/**
 * Whether a lock may be taken over from another run.
 *
 * @param ownerEnded The owner's run record says that it ended.
 * @param job `running`: its job still runs; `over`: terminal or unknown to the HSM; `none`: it had none.
 */
export const mayTakeOver = (ownerEnded: boolean, job: 'running' | 'over' | 'none'): boolean => ownerEnded && job !== 'running';
