import { type Check, finding, ok, unknown } from './check.ts';

/** What soft delete promises for the objects of an HSM or vault, as any of them tells. `days`: how long a deleted one can be recovered. */
export type Protection = Readonly<{ recoveryLevel: string; days: number | null }>;

/** Fewer, and a deletion can be gone before somebody is back from a holiday. */
const FEWEST_DAYS = 30;

/**
 * Whether what is deleted can be brought back.
 *
 * @param protection null when there is no object that could tell, or nobody may read one.
 * @param mayPurge Purge protection is not wanted: drills of a key purge it.
 * @see https://learn.microsoft.com/rest/api/keyvault/keys/get-key/get-key#deletionrecoverylevel
 */
export function checkProtection(subject: string, protection: Protection | null, mayPurge: boolean): Check[] {
  const soft = { check: 'soft delete', subject } as const;
  const purge = { check: 'purge protection', subject } as const;
  if (protection === null) return [unknown(soft, 'it holds nothing that tells'), unknown(purge, 'it holds nothing that tells')];

  const { recoveryLevel, days } = protection;
  const isSoft = /recoverable/i.test(recoveryLevel);
  const isProtected = isSoft && !/purgeable/i.test(recoveryLevel);
  return [softDelete(), purgeProtection()];

  function softDelete(): Check {
    if (!isSoft)
      return finding(soft, {
        message: `what is deleted is gone at once (${recoveryLevel})`,
        hint: 'Turn soft delete on; it cannot be turned off again.',
      });
    if (days !== null && days < FEWEST_DAYS && !mayPurge)
      return finding(soft, {
        message: `what is deleted can be recovered for ${days} days only`,
        hint: `${FEWEST_DAYS} days or more leave time to notice. It is chosen when an HSM or vault is made, and cannot be changed.`,
      });
    return ok(soft, days === null ? 'on' : `on, for ${days} days`);
  }

  function purgeProtection(): Check {
    if (mayPurge)
      return isProtected
        ? finding(purge, {
            message: 'is on, so that a drill cannot take the canary key away before it restores it',
            hint: 'Drills of a key need a drill HSM without purge protection; or set "drill": {"mode": "full"}.',
          })
        : ok(purge, 'off, as drills need it');
    return isProtected
      ? ok(purge, 'on')
      : finding(purge, {
          message: 'is off: whoever may purge can destroy keys and secrets for good',
          hint: 'Turn it on (az keyvault update-hsm --enable-purge-protection true, az keyvault update for a vault); it cannot be turned off again.',
        });
  }
}
