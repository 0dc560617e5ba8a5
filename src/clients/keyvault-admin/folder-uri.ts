/** A backup's folder as the wire names it. */
export type BackupFolder = Readonly<{
  /** URL of the container. */
  storageUri: string;
  folderName: string;
}>;

/**
 * Splits a folder URL, as a finished backup gives it in `folderUri`, at its last slash.
 *
 * @throws {Error} without quoting the URL, which may carry a signature
 */
export function parseFolderUri(folderUri: string): BackupFolder {
  const lastSlash = folderUri.lastIndexOf('/');
  const storageUri = folderUri.slice(0, Math.max(lastSlash, 0));
  const folderName = folderUri.slice(lastSlash + 1);

  if (!folderName) throw new Error('The provided folder URI is missing the folder name.');
  if (!URL.canParse(storageUri)) throw new Error('The provided folder URI is not a URL of a folder in a container.');
  return { storageUri, folderName };
}
