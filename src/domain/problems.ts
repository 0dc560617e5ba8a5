import type { HsmLock } from './lock.ts';
import type { Problem } from './views.ts';

/** Why an HSM, a storage account or a token endpoint said no, in words of ours. `detail` is the service's text, made fit to be shown. */
export type Refusal = Readonly<{
  kind: 'forbidden' | 'unauthorised' | 'missing' | 'conflict' | 'throttled' | 'invalid';
  code: string;
  detail: string;
}>;

/** The built-in role that gives a duty its right; part of the command that mends a 403. */
const ROLE_FOR: readonly (readonly [action: string, role: string])[] = [
  ['backup/', 'Managed HSM Backup User'],
  ['restore/', 'Managed HSM Restore User'],
  ['keys/restore', 'Managed HSM Restore User'],
  ['settings/', 'Managed HSM Administrator'],
];

/** An HSM refused a request. */
export function hsmRefused(hsm: string, doing: string, refusal: Refusal): Problem {
  const { kind, code, detail } = refusal;
  switch (kind) {
    case 'forbidden': {
      const action = /managedHsm\/(\S+)/.exec(detail)?.[1];
      const role = ROLE_FOR.find(([prefix]) => action?.startsWith(prefix))?.[1] ?? 'Managed HSM Crypto Auditor';
      return {
        message: `${hsm} refused to ${doing}: this app's identity lacks a right${action ? ` (${action})` : ''}.`,
        hint: `An HSM administrator grants it: az keyvault role assignment create --hsm-name ${hsm} --role "${role}" --scope / --assignee-object-id <object id of this app's identity>`,
      };
    }
    case 'unauthorised':
      return {
        message: `${hsm} refused the token with which this app wanted to ${doing} (${code}: ${detail}).`,
        hint: 'Check that the app has a managed identity in the tenant of the HSM, that AZURE_CLIENT_ID (or HSMKEEP_IDENTITY_*) names it, and that the clocks agree.',
      };
    case 'throttled':
      return {
        message: `${hsm} was too busy to ${doing} (${code}).`,
        hint: 'It is tried again with the next run; spread the schedules if this recurs.',
      };
    default:
      return { message: `${hsm} would not ${doing} (${code}: ${detail}).`, hint: 'Read the reason; the next run tries again.' };
  }
}

/** A storage account refused a request. */
export function storageRefused(container: string, refusal: Refusal): Problem {
  const { kind, code, detail } = refusal;
  switch (kind) {
    case 'missing':
      return {
        message: `The container ${container} does not exist.`,
        hint: `Create it: az storage container create --name <container> --account-name <account> --auth-mode login`,
      };
    case 'forbidden':
    case 'unauthorised':
      return {
        message: `The storage account refused access to ${container} (${code}).`,
        hint: 'Give this app\'s identity the role "Storage Blob Data Contributor" on the container, and check the account\'s firewall.',
      };
    default:
      return {
        message: `The storage account refused a request to ${container} (${code}: ${detail}).`,
        hint: 'Read the reason; the next run tries again.',
      };
  }
}

/** Whether a code that an HSM passed on is the storage's. */
const isAboutStorage = (code: string): boolean => /Container|Authoriz|Authentic|Blob|Storage|Signature|Account|Resource/i.test(code);

/** Whether a refusal of a pre-restore check says a reason of its own, so that it is no use to wait until the backup is older. */
export const hasNoCureInTime = (code: string): boolean => isAboutStorage(code) || /SecurityDomain|InvalidBackup/i.test(code);

/** A job of the HSM ended as failed. */
export function jobFailed(hsm: string, what: string, code: string, detail: string, container: string): Problem {
  const text = `${code}${detail && detail !== code ? `: ${detail}` : ''}`;
  return {
    message: `The ${what} on ${hsm} failed (${text}).`,
    hint: isAboutStorage(code)
      ? `The HSM could not use ${container}: check that the container exists, that the HSM's own identity has "Storage Blob Data Contributor" on it (or that the SAS is valid), and that the account lets trusted services in.`
      : 'Look at the code; when it does not explain itself, ask Azure support with the job id and time. Older backups are untouched; the next run tries again.',
  };
}

/** Another operation kept the HSM busy until the deadline. */
export const busyTooLong = (hsm: string, minutes: number): Problem => ({
  message: `Another backup or restore kept ${hsm} busy for ${minutes} minutes.`,
  hint: 'See who backs up or restores this HSM (its audit log names the caller). Older backups are untouched; the next run tries again.',
});

export const lockTooLong = (hsm: string, holder: Pick<HsmLock, 'owner' | 'step'> | undefined): Problem => ({
  message: `Another run of hsmkeep held the lock of ${hsm} until the deadline${holder ? `: ${holder.owner}, at step ${holder.step}` : ''}.`,
  hint: `Look at that run with \`hsmkeep run show ${holder?.owner ?? '<run>'}\`; it releases the lock when it ends.`,
});

export const answerLost = (hsm: string): Problem => ({
  message: `The answer of ${hsm} to the start of the backup was lost, so the result of its job is not known; the folder that appeared was adopted.`,
  hint: 'The folder was read and hashed. Run the pre-restore check on it (hsmkeep pre-restore) to have the service confirm it.',
});

export const noFolder = (hsm: string): Problem => ({
  message: `No backup of ${hsm} appeared, and what became of the job is not known.`,
  hint: 'Run `hsmkeep backup now` when the HSM answers again. Older backups are untouched; the next run tries again.',
});

export const neverSettled = (folder: string): Problem => ({
  message: `The blobs of ${folder} kept changing, so what the backup holds could not be established.`,
  hint: 'See who writes into the container. The folder is recorded as failed and not counted on; the next run takes a new backup.',
});

export const notAnswered = (what: string, detail: string): Problem => ({
  message: `${what} did not answer in time, after several tries (${detail}).`,
  hint: "Check the network path and the service's health. Older backups are untouched; the next run tries again.",
});

/** What a pre-restore check came to is not known. */
export const checkLost = (hsm: string): Problem => notAnswered(`The pre-restore check of ${hsm}`, 'its job is not known any more');

export const unreadableInventory = (parts: readonly string[], hsm: string): Problem => ({
  message: `The inventory of ${hsm} is incomplete: ${parts.join(', ')} could not be read.`,
  hint: `The backup itself is not affected. An HSM administrator grants the right to read: az keyvault role assignment create --hsm-name ${hsm} --role "Managed HSM Crypto Auditor" --scope / --assignee-object-id <object id of this app's identity>`,
});
