import type { Problem } from '../views.ts';
import type { HsmContent } from './content.ts';
import { narrowTo } from './content.ts';
import type { Preflight } from './plan.ts';

type KeyFacts = Readonly<{
  target: Readonly<{ name: string }>;
  live: HsmContent;
  content: HsmContent;
  deletedKey: Readonly<{ purgeable: boolean; purgeAt: string | null }> | undefined;
}>;

/**
 * Whether one key can be brought back. The HSM overwrites nothing: a key that is there, or soft-deleted, has to be gone for good before.
 *
 * @see https://learn.microsoft.com/azure/key-vault/managed-hsm/backup-restore#selective-key-restore
 */
export function keyPreflight({ target, live, content, deletedKey }: KeyFacts, key: string): Preflight {
  const name = 'key';
  const there = narrowTo(live, { key });
  const backedUp = narrowTo(content, { key });
  const az = (verb: string): string => `az keyvault key ${verb} --hsm-name ${target.name} --name ${key}`;

  if (backedUp.keys !== 'unreadable' && backedUp.keys.length === 0)
    return {
      name,
      status: 'failed',
      message: `The backup does not hold key ${key}.`,
      hint: 'Choose one that does: hsmkeep restore plan <hsm> --key <key> --version <version>',
    };
  if (deletedKey)
    return {
      name,
      status: 'failed',
      message: `Key ${key} of ${target.name} is deleted and can be recovered: that is the way, and it needs no restore.`,
      hint: `Recover it: ${az('recover')}. Only to have its older state instead, ${purgeAdvice(deletedKey, az('purge'))}, then plan anew.`,
    };
  if (there.keys === 'unreadable')
    return {
      name,
      status: 'warning',
      message: `Whether ${target.name} holds key ${key} could not be read; if it does, nothing is restored.`,
    };
  if (there.keys.length > 0)
    return {
      name,
      status: 'failed',
      message: `Key ${key} is there in ${target.name}, and the HSM overwrites nothing: it would restore 0 versions.`,
      hint: `To have its older state instead, take it away for good first: ${az('delete')}, then ${az('purge')}. What only its newer versions can decrypt is lost then.`,
    };
  return { name, status: 'ok', message: `${target.name} has no key ${key}.` };
}

const purgeAdvice = ({ purgeable, purgeAt }: Readonly<{ purgeable: boolean; purgeAt: string | null }>, purge: string): string =>
  purgeable ? `purge it first: ${purge}` : `wait until it is purged${purgeAt ? ` at ${purgeAt}` : ''} (purge protection is on)`;

export const DOMAIN_DIFFERS = (source: string, target: string): Problem => ({
  message: `${source} and ${target} have different security domains: ${target} cannot read this backup.`,
  hint: `Restore into an HSM with the domain of ${source}, or download and upload that domain: az keyvault security-domain`,
});
