import { counted } from './retention/phrases.ts';
import type { Problem } from './views.ts';

/** What is in the backup's container is not what was hashed. */
export const sourceChanged = (folder: string, what: string): Problem => ({
  message: `${folder} is not what its manifest says any more: ${what} has gone or was changed, so it was not copied.`,
  hint: 'Find out who wrote there (the storage account logs it). Do not count on this backup before a pre-restore check has taken it.',
});

/** What lies in the second container under this name is something else, and cannot be overwritten. */
export const copyDiffers = (folder: string, what: string, container: string): Problem => ({
  message: `The copy of ${folder} in ${container} differs from the backup: ${what}.`,
  hint: 'Nothing there is overwritten. Find out who wrote it; once it is removed (an immutability policy may keep it until its time), the next run copies again.',
});

export const noCopyContainer = (hsm: string): Problem => ({
  message: `No container for second copies of ${hsm} is configured.`,
  hint: 'Name one as "immutableCopy" of the HSM, or in defaults.hsm.',
});

export const notToBeCopied = (folder: string): Problem => ({
  message: `${folder} has no record of a whole backup, so there is nothing to copy.`,
  hint: 'See what became of it: hsmkeep backup show. Retention may have given it up meanwhile.',
});

/** A copy that could not be completed: the backup itself stands. */
export const copyFailed = ({ message, hint }: Problem): Problem => ({ message: `The second copy is not complete: ${message}`, hint });

/** What a run did about second copies. `waiting`: backups whose copy is still not complete. */
export type CopyOutcome = Readonly<{ copied: number; waiting: number }>;

export function copiedWords({ copied, waiting }: CopyOutcome): string {
  const rest = waiting > 0 ? `; ${counted(waiting, 'older backup')} to copy, the next runs go on` : '';
  return `${counted(copied, 'backup')} copied and compared${rest}`;
}

/** The time of a run was not enough for the night's own copy. */
export const copyUnfinished = (folder: string, blobs: number): Problem => ({
  message: `The second copy of ${folder} is not complete: ${counted(blobs, 'blob')} so far, then the time of this run was up.`,
  hint: 'The next run goes on where this one stopped. If that recurs, copies take longer than a night: see where the second container is.',
});
