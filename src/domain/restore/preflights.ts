import { atLeast, type ProofLevel } from '../backup.ts';
import type { HsmLock } from '../lock.ts';
import { type BackupRecord, isProven } from '../record.ts';
import type { BackupView } from '../views.ts';
import type { HsmContent } from './content.ts';
import { DOMAIN_DIFFERS, keyPreflight } from './key-preflight.ts';
import { grantCommand } from './outcome.ts';
import type { Preflight, RestoreFrom, RestoreScope } from './plan.ts';

/** What the preflights look at. */
export type PreflightFacts = Readonly<{
  /** ISO 8601 UTC. */
  now: string;
  scope: RestoreScope;
  source: Readonly<{ name: string; securityDomain: string | null; countsFrom: ProofLevel }>;
  target: Readonly<{ name: string; securityDomain: string | null }>;
  backup: BackupView;
  record: BackupRecord | undefined;
  /** All backups of the source. */
  backups: readonly BackupView[];
  /** What lies in the folder now. */
  stored: Readonly<{ blobs: number; sizeBytes: number }>;
  /** `unreadable`: the container of the app could not be looked at. */
  lock: Pick<HsmLock, 'owner' | 'step'> | 'unreadable' | undefined;
  live: HsmContent;
  /** From the inventory beside the backup. */
  content: HsmContent;
  /** The soft-deleted key of a restore of one key: whether it may be purged before its time. */
  deletedKey: Readonly<{ purgeable: boolean; purgeAt: string | null }> | undefined;
  /** Object id of this app's identity; null when it could not be told. */
  principalId: string | null;
  from: RestoreFrom;
  /** How the HSM opens the container. */
  auth: 'managedIdentity' | 'sas';
}>;

/** Everything that is looked at before a restore, in the order in which people read it. */
export function runPreflights(facts: PreflightFacts): Preflight[] {
  return [
    domainPreflight(facts),
    proofPreflight(facts),
    ...passedOverPreflight(facts),
    ...(facts.from === 'immutableCopy' ? [copyPreflight(facts)] : []),
    storagePreflight(facts),
    agePreflight(facts),
    lockPreflight(facts),
    inventoryPreflight(facts),
    ...(facts.scope === 'full' ? [rightsPreflight(facts)] : [keyPreflight(facts, facts.scope.key)]),
  ];
}

/** Only an HSM of the same security domain can read a backup. Labels are the operator's; without them the HSM itself says. */
function domainPreflight({ source, target }: PreflightFacts): Preflight {
  const name = 'security domain';
  if (source.name === target.name) return { name, status: 'ok', message: `${target.name} takes its own backup back.` };
  if (source.securityDomain === null || target.securityDomain === null)
    return {
      name,
      status: 'warning',
      message: `Whether ${target.name} has the security domain of ${source.name} is not known; its pre-restore check will tell.`,
      hint: 'Set securityDomain of both in the configuration: equal labels for equal domains.',
    };
  return source.securityDomain === target.securityDomain
    ? { name, status: 'ok', message: `Both have the domain ${target.securityDomain}.` }
    : { name, status: 'failed', ...DOMAIN_DIFFERS(source.name, target.name) };
}

function proofPreflight({ backup, source, record, backups }: PreflightFacts): Preflight {
  const name = 'proof';
  if (backup.problem) {
    const { message, hint } = backup.problem;
    return { name, status: 'failed', message, hint: `${newestGood(source, backups)} To restore from this one all the same: ${hint}` };
  }
  if (record?.gone)
    return {
      name,
      status: 'failed',
      message: `${backup.folder} is being deleted since ${record.gone.at}.`,
      hint: `Choose another: hsmkeep backup list ${source.name}`,
    };
  if (backup.status === 'failed')
    return {
      name,
      status: 'failed',
      message: `${backup.folder} is recorded as failed.`,
      hint: `Choose another: hsmkeep backup list ${source.name}`,
    };
  if (backup.status === 'unrecorded')
    return { name, status: 'warning', message: `${backup.folder} has no record: what it holds, and whether it is whole, is not known.` };
  return atLeast(backup.proof, source.countsFrom)
    ? { name, status: 'ok', message: `${backup.folder} is proven to ${backup.proof}.` }
    : { name, status: 'warning', message: `${backup.folder} is proven to ${backup.proof} only; ${source.countsFrom} is what counts.` };
}

function newestGood({ name, countsFrom }: PreflightFacts['source'], backups: readonly BackupView[]): string {
  const good = backups.find((backup) => isProven(backup, countsFrom));
  return good
    ? `The newest good backup, by its record, is ${good.folder} (${good.proof}).`
    : `No other backup of ${name} is proven to ${countsFrom}.`;
}

/** Who asks for the newest backup gets another than they may expect where the record of a newer one cannot be relied on. */
function passedOverPreflight({ backup, backups }: PreflightFacts): Preflight[] {
  const newer = backups.filter(({ status, takenAt }) => status === 'damaged' && takenAt > backup.takenAt);
  if (newer.length === 0) return [];
  const folders = newer.map(({ folder }) => folder).join(', ');
  return [
    {
      name: 'newer backups',
      status: 'warning',
      message: `What is recorded of newer backups cannot be relied on: ${folders}.`,
      hint: `See why: hsmkeep backup show ${newer[0]?.folder}`,
    },
  ];
}

/** The record is copied last, so a copy without one is not whole. */
function copyPreflight({ backup, auth }: PreflightFacts): Preflight {
  const name = 'immutable copy';
  if (backup.status === 'unrecorded')
    return {
      name,
      status: 'failed',
      message: `The copy of ${backup.folder} has no record: it is not whole.`,
      hint: 'Choose another backup, or restore from where the HSM wrote it.',
    };
  return auth === 'managedIdentity'
    ? {
        name,
        status: 'ok',
        message: `The copy of ${backup.folder} is brought to a fresh container, and every byte compared, before the HSM reads it.`,
      }
    : {
        name,
        status: 'warning',
        message: 'The HSM opens the container with a SAS token; the copy is brought to another container of that account.',
        hint: 'The token has to be one for the account, not for the one container.',
      };
}

/** A blob that went or grew since the backup was recorded shows here; a changed byte shows only in the restore. */
function storagePreflight({ backup, stored, record }: PreflightFacts): Preflight {
  const name = 'storage';
  const hint = 'Choose another backup; versions of blobs and the immutable copy may hold what is gone.';
  if (stored.blobs === 0) return { name, status: 'failed', message: `${backup.folder} holds no blob.`, hint };
  const manifest = record?.manifest;
  if (manifest && (manifest.blobs !== stored.blobs || manifest.sizeBytes !== stored.sizeBytes))
    return {
      name,
      status: 'failed',
      message: `${backup.folder} holds ${stored.blobs} blobs of ${stored.sizeBytes} bytes; recorded were ${manifest.blobs} of ${manifest.sizeBytes}.`,
      hint,
    };
  return { name, status: 'ok', message: `${stored.blobs} blobs of ${stored.sizeBytes} bytes can be listed.` };
}

/** "At least 30 minutes before" is read as: some complete backup is that old. The service itself has the last word. */
export const OLD_ENOUGH_MS = 30 * 60_000;

function agePreflight({ backups, now, source }: PreflightFacts): Preflight {
  const name = '30 minutes';
  const isOld = ({ takenAt, status }: BackupView): boolean => status !== 'failed' && Date.parse(now) - Date.parse(takenAt) >= OLD_ENOUGH_MS;
  return backups.some(isOld)
    ? { name, status: 'ok', message: `A backup of ${source.name} is older than 30 minutes.` }
    : {
        name,
        status: 'warning',
        message: `No backup of ${source.name} is 30 minutes old yet; the HSM may refuse until then, which is waited out.`,
      };
}

function lockPreflight({ lock, target }: PreflightFacts): Preflight {
  const name = 'lock';
  if (lock === 'unreadable')
    return {
      name,
      status: 'warning',
      message: `Whether hsmkeep works on ${target.name} now could not be looked at.`,
      hint: 'Name the storage of the app (HSMKEEP_STORAGE or --storage), or make sure that no run of it goes on.',
    };
  return lock
    ? {
        name,
        status: 'warning',
        message: `${lock.owner} works on ${target.name} now${lock.step ? ` (${lock.step})` : ''}.`,
        hint: 'Execute when it has ended.',
      }
    : { name, status: 'ok', message: `Nothing of hsmkeep works on ${target.name}.` };
}

function inventoryPreflight({ live, content, target, backup, principalId }: PreflightFacts): Preflight {
  const name = 'inventory';
  const auditor = grantCommand(target.name, 'Managed HSM Crypto Auditor', principalId ?? OWN_IDENTITY);
  if (live.keys === 'unreadable')
    return {
      name,
      status: 'warning',
      message: `What ${target.name} holds could not be read, so what would be destroyed is not known. Nor is what changes there between the safety backup and the restore: that would be lost unseen.`,
      hint: `An HSM administrator grants the right to read, then plan anew: ${auditor}`,
    };
  if (content.keys === 'unreadable')
    return { name, status: 'warning', message: `${backup.folder} has no inventory, so what would be destroyed is not known.` };
  return { name, status: 'ok', message: 'Both sides could be read.' };
}

const OWN_IDENTITY = "<object id of this app's identity>";

/** Of our rights now a running plan is no proof, but the backup's role assignments are what is left of them afterwards. */
function rightsPreflight({ content, principalId, target }: PreflightFacts): Preflight {
  const name = 'rights afterwards';
  if (content.roleAssignments === 'unreadable' || principalId === null)
    return { name, status: 'warning', message: 'Whether this app keeps its rights is not known: role assignments come back as they were.' };
  return content.roleAssignments.some((assignment) => assignment.principalId === principalId)
    ? { name, status: 'ok', message: "The backup holds role assignments of this app's identity." }
    : {
        name,
        status: 'warning',
        message: 'The backup holds no role of this app: it will lose its access, and the outcome will have to be looked up.',
        hint: `Have an HSM administrator ready, to type: ${grantCommand(target.name, 'Managed HSM Restore User', principalId)}`,
      };
}
