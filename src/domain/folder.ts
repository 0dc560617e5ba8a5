/** A backup's folder name, read from the right: HSM names may hold hyphens. */
const FOLDER = /^mhsm-(?<hsm>.+)-(?<digits>\d{16})$/;

/** What a folder's name tells. `takenAt` is ISO 8601 UTC with hundredths of a second. */
export type FolderName = Readonly<{ hsm: string; digits: string; takenAt: string }>;

/**
 * Reads the folder name of a backup: `mhsm-<hsm>-<yyyyMMddHHmmssff>`, UTC.
 *
 * @returns undefined for any other name, also for digits that are no date.
 */
export function parseFolder(folder: string): FolderName | undefined {
  const { hsm, digits } = FOLDER.exec(folder)?.groups ?? {};
  if (!hsm || !digits) return undefined;
  const [, year, month, day, hour, minute, second, hundredths] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(
    digits,
  ) as RegExpExecArray;
  const takenAt = `${year}-${month}-${day}T${hour}:${minute}:${second}.${hundredths}0Z`;
  // A 31st of February rolls over when parsed, and an hour 25 is not parsed at all.
  const parsed = new Date(takenAt);
  return Number.isNaN(parsed.getTime()) || parsed.toISOString() !== takenAt ? undefined : { hsm, digits, takenAt };
}

/** When the HSM wrote a folder, as its name tells: ISO 8601 UTC, empty for a name that tells no time. */
export const takenAtOf = (folder: string): string => parseFolder(folder)?.takenAt ?? '';

/** Whether a folder is a backup of this HSM. Names are compared without regard to case, as host names are. */
export const isFolderOf = (hsm: string, folder: string): boolean => parseFolder(folder)?.hsm.toLowerCase() === hsm.toLowerCase();

/** The 16 digits of an instant: what the HSM would put into a folder's name. */
export const folderDigits = (instant: string): string => new Date(instant).toISOString().replace(/\D/g, '').slice(0, 16);

/**
 * The folders that appeared since a run's intent was stored: not in its list, and not older than it.
 * Digits of the same second count, because the service may stamp the second in which it received the command.
 *
 * @param intent `folders`: those of this HSM at that time; `at`: the HSM's own clock then, ISO 8601 UTC.
 * @returns Oldest first.
 */
export function newFolders(intent: Readonly<{ at: string; folders: readonly string[] }>, hsm: string, listed: readonly string[]): string[] {
  const known = new Set(intent.folders);
  const from = `${folderDigits(intent.at).slice(0, 14)}00`;
  return listed
    .filter((folder) => isFolderOf(hsm, folder) && !known.has(folder))
    .map((folder) => ({ folder, digits: folder.slice(-16) }))
    .filter(({ digits }) => digits >= from)
    .sort((a, b) => a.digits.localeCompare(b.digits))
    .map(({ folder }) => folder);
}
