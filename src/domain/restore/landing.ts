import type { Problem } from '../views.ts';

/** Azure Storage allows 63 characters. */
const LONGEST_NAME = 63;

/**
 * The container that a restore from the immutable copy reads: fresh, beside that of the backups, because an HSM reads nothing where an
 * immutability policy holds, and because what it reads shall be what was compared a moment ago.
 *
 * @param container Address of the container of the backups.
 * @param restore Id of the plan.
 * @see https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
 */
export function landingContainer(container: string, restore: string): string {
  return besides(container, `-landing-${restore.replace(/^.*-/, '').replace(/\D/g, '')}`);
}

/**
 * The container that stands in for that of the backups when only the copies are left. @param copies Address of their container.
 */
export const besideCopies = (copies: string): string => besides(copies, '-break-glass');

/** A container of the same account, of a name that begins as another's. */
function besides(container: string, suffix: string): string {
  const slash = container.lastIndexOf('/');
  const name = container.slice(slash + 1, slash + 1 + LONGEST_NAME - suffix.length).replace(/-+$/, '');
  return `${container.slice(0, slash)}/${name}${suffix}`;
}

export const copyDamaged = (folder: string, what: string): Problem => ({
  message: `The immutable copy of ${folder} is damaged: ${what}. Nothing was restored.`,
  hint: 'Choose another backup. The copy cannot have been changed where its policy is locked, so it was damaged when it was made, or on its way.',
});

/** What became of the restore is not known. */
export const landingKept = (landing: string): Problem => ({
  message: `The container ${landing} is kept, because the HSM may still read it.`,
  hint: `Once the restore is over, remove it: ${removal(landing)}`,
});

export const landingLeft = (landing: string): Problem => ({
  message: `The container ${landing}, which the HSM read, could not be removed.`,
  hint: `Remove it: ${removal(landing)}`,
});

function removal(landing: string): string {
  return `az storage container delete --auth-mode login --account-name <account> --name ${landing.slice(landing.lastIndexOf('/') + 1)}`;
}
