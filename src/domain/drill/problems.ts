import type { Problem } from '../views.ts';

/** A backup that was found good, after another was not. `checked`: every byte was read just now; otherwise its record alone says so. */
export type GoodBackup = Readonly<{ folder: string; proof: string; checked: boolean }>;

export const nothingToDrill = (hsm: string, folder: string | null): Problem =>
  folder === null
    ? { message: `There is no recorded backup of ${hsm} to drill.`, hint: `Take one: hsmkeep backup now ${hsm}` }
    : { message: `There is no recorded backup ${folder} of ${hsm} to drill.`, hint: `List them: hsmkeep backup list ${hsm}` };

export const noDrillConfigured = (hsm: string): Problem => ({
  message: `No drill is configured for ${hsm}.`,
  hint: 'Add "drill": {"into": "<name>"} to it, and that HSM, which must be there for drills only, to "drillHsms".',
});

/** The backup holds nothing that a restored canary could be held against. */
export const noCanary = (hsm: string, folder: string, key: string): Problem => ({
  message: `${folder} holds no canary: there was no key ${key} with its known ciphertext when it was taken.`,
  hint: `Make it (hsmkeep setup --apply), then take a backup: hsmkeep backup now ${hsm}`,
});

export const backupDamaged = (folder: string, what: string): Problem => ({
  message: `${folder} is damaged: ${what}.`,
  hint: 'Earlier versions of blobs and the immutable copy may hold what it was.',
});

export const canaryFailed = (
  target: string,
  key: string,
  { decrypts, verifies }: Readonly<{ decrypts: boolean; verifies: boolean }>,
): Problem => ({
  message: `Key ${key}, restored into ${target}, ${[...(decrypts ? [] : ['does not decrypt the known ciphertext']), ...(verifies ? [] : ['does not verify the known signature'])].join(' and ')}.`,
  hint: 'The HSM called the restore successful, and the key is not what it was: ask Azure support, with the job id and time of this run.',
});

/** @param good Undefined when no other backup is good; null when that could not be found out. */
export function drillFailed(stage: string, { message, hint }: Problem, source: string, good: GoodBackup | undefined | null): Problem {
  return { message: `The drill failed at the stage "${stage}": ${message}`, hint: `${newestGood(source, good)} ${hint}` };
}

function newestGood(source: string, good: GoodBackup | undefined | null): string {
  if (good === null) return 'Which backup is good could not be found out.';
  if (good === undefined) return `No other backup of ${source} is good: take one now (hsmkeep backup now ${source}).`;
  const how = good.checked ? 'every byte of it was read and is as recorded' : 'by its record; its bytes were not read again';
  return `The newest good backup is ${good.folder} (${good.proof}, ${how}).`;
}
