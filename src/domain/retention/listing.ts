import { parseFolder } from '../folder.ts';

/** The prefixes of a container, sorted by what they are to one HSM. */
export type SortedPrefixes = Readonly<{
  /** Backups of this HSM. */
  folders: readonly string[];
  /** Names that begin as this HSM's backups do and do not end as they must. */
  malformed: readonly string[];
  /** How many belong to somebody else. */
  other: number;
}>;

/**
 * Sorts the prefixes of a container. Names are compared without regard to case, as host names are.
 *
 * @param prefixes As listed, without the slash at the end.
 * @param configured All HSMs of the configuration: `mhsm-east-dr-…` is of `east-dr` when there is one, and else a broken name of `east`.
 */
export function sortPrefixes(hsm: string, configured: readonly string[], prefixes: readonly string[]): SortedPrefixes {
  const own = hsm.toLowerCase();
  const longerNames = configured.map((name) => name.toLowerCase()).filter((name) => name.startsWith(`${own}-`));
  const folders: string[] = [];
  const malformed: string[] = [];

  for (const prefix of prefixes) {
    const name = prefix.toLowerCase();
    const parsed = parseFolder(name);
    if (parsed?.hsm === own) folders.push(prefix);
    else if (!parsed && isNamedAfter(own, name) && !longerNames.some((longer) => isNamedAfter(longer, name))) malformed.push(prefix);
  }
  return { folders, malformed, other: prefixes.length - folders.length - malformed.length };
}

const isNamedAfter = (hsm: string, prefix: string): boolean => prefix.startsWith(`mhsm-${hsm}-`);

/** What a record says that a listing can confirm; `gone`: it was marked so before its blobs were removed. */
export type RecordedFolder = Readonly<{ folder: string; takenAt: string; gone: boolean }>;

/**
 * The folders whose records do not agree with storage: recorded and not gone, yet not listed; or of another time than the folder's name
 * tells. A folder without a record is no disagreement, it is only not ours.
 */
export function disagreements(listed: readonly string[], records: readonly RecordedFolder[]): string[] {
  const names = new Set(listed);
  return records
    .filter(({ folder, takenAt, gone }) => !gone && (!names.has(folder) || !isOfTime(folder, takenAt)))
    .map(({ folder }) => folder);
}

const isOfTime = (folder: string, takenAt: string): boolean => {
  const named = parseFolder(folder)?.takenAt;
  return named !== undefined && Date.parse(named) === Date.parse(takenAt);
};
