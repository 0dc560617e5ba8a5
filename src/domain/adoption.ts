import { parseFolder } from './folder.ts';
import type { BackupRecord } from './record.ts';
import { TOLERATED_SKEW_MS } from './retention/guards.ts';
import type { Problem } from './views.ts';

/**
 * What a folder is to somebody who would adopt it: `free` to be adopted, `ours` already; `failed` and `gone` are ours and no whole backups;
 * `future` is dated later than now; of `missing` there is no blob.
 */
export type Adoptability = 'free' | 'ours' | 'failed' | 'gone' | 'future' | 'missing';

/** @param now ISO 8601 UTC. */
export function adoptabilityOf(
  folder: string,
  record: Pick<BackupRecord, 'status' | 'gone'> | undefined,
  isThere: boolean,
  now: string,
): Adoptability {
  if (record?.gone) return 'gone';
  if (record) return record.status === 'complete' ? 'ours' : 'failed';
  if (!isThere) return 'missing';
  // It would count as the newest backup, and hide that no other was taken, until its day comes.
  return Date.parse(parseFolder(folder)?.takenAt ?? '') <= Date.parse(now) + TOLERATED_SKEW_MS ? 'free' : 'future';
}

/** Why a folder cannot be adopted. `status` is the HTTP status that says so. */
export type AdoptionObjection = Problem & Readonly<{ status: 400 | 404 | 409 | 410 }>;

export function objectionToAdoption(hsm: string, folder: string, state: Adoptability): AdoptionObjection | undefined {
  switch (state) {
    case 'free':
    case 'ours':
      return undefined;
    case 'missing':
      return { status: 404, message: `There is no folder ${folder} in the container.`, hint: `List them: hsmkeep backup list ${hsm}` };
    case 'future':
      return {
        status: 409,
        message: `${folder} is dated later than now, so it would hide that newer backups are missing.`,
        hint: 'See who wrote it, and compare the clocks. If the date is wrong for good, move the folder out of the container.',
      };
    case 'failed':
      return {
        status: 409,
        message: `${folder} is recorded as a backup that failed: it may not be whole.`,
        hint: 'Take a new one: hsmkeep backup now. Retention removes this one after `failedKeepDays`.',
      };
    case 'gone':
      return {
        status: 410,
        message: `Retention has deleted ${folder}, or is about to finish deleting it.`,
        hint: 'What may be left of it is no whole backup.',
      };
  }
}

/** A name that no backup of this HSM has. */
export const notItsName = (hsm: string, folder: string): AdoptionObjection => ({
  status: 400,
  message: `${folder} is not named as a backup of ${hsm}: mhsm-${hsm}-<16 digits, a UTC time>.`,
  hint: 'Only what an HSM itself has written can be adopted, under the name that it gave.',
});

/** So long after its time a folder may still be written. */
export const STILL_WRITTEN_HOURS = 24;

/** @param now ISO 8601 UTC. */
export const mayStillBeWritten = (folder: string, now: string): boolean =>
  Date.parse(now) - Date.parse(parseFolder(folder)?.takenAt ?? now) < STILL_WRITTEN_HOURS * 3_600_000;

/** Whether somebody's job still writes a young folder cannot be told. */
export const stillWritten = (folder: string, { message, hint }: Problem): Problem => ({
  message: `Whether a backup still writes ${folder} could not be found out: ${message}`,
  hint: `${hint} From ${STILL_WRITTEN_HOURS} hours after its time it is adopted without asking the HSM.`,
});
