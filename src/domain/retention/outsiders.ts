import type { ProofLevel } from '../backup.ts';
import type { Protection } from './policy.ts';
import type { RetainedBackup } from './retained-backup.ts';

/** Whether a backup stays, and why. */
export type Outcome = Readonly<{ keep: boolean; reason: string }>;

const DAY_MS = 24 * 3_600_000;

/** What becomes of a backup that takes no part in the rules, because it is not proven: only a failed one goes, and only after its days. */
export function outcomeOfOutsider(
  { status = 'complete', proof }: RetainedBackup,
  ageMs: number,
  { countsFrom, failedKeepDays }: Protection,
): Outcome {
  switch (status) {
    case 'failed':
    case 'partial':
      return ageMs > failedKeepDays * DAY_MS
        ? { keep: false, reason: `${status}, older than ${failedKeepDays} days` }
        : { keep: true, reason: `${status}, kept for ${failedKeepDays} days` };
    case 'running':
      return { keep: true, reason: 'still being taken' };
    case 'unrecorded':
      return { keep: true, reason: 'not recorded here: stays unless adopted' };
    case 'complete':
      return { keep: true, reason: belowProof(proof, countsFrom) };
  }
}

const belowProof = (proof: ProofLevel, countsFrom: ProofLevel): string => `proof ${proof} is below ${countsFrom}: outside the policy`;
