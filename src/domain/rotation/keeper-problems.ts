import type { Problem } from '../views.ts';

/** Why a vault did not do what a person asked of it with one secret. */
export function keeperRefused(vault: string, secret: string, refusal: Readonly<{ kind: string; code: string; detail: string }>): Problem {
  const { kind, code, detail } = refusal;
  const reference = `${vault}/${secret}`;
  if (kind === 'missing')
    return {
      message: `${vault} has no such secret: ${secret}.`,
      hint: `hsmkeep secret list ${vault} shows what is there; a deleted one comes back with: hsmkeep secret recover ${reference}`,
    };
  if (kind === 'conflict' && /being/i.test(detail))
    return {
      message: `${reference} is just being deleted, recovered or purged.`,
      hint: 'Wait a minute and ask again; the vault takes that long.',
    };
  if (kind === 'conflict')
    return {
      message: `A deleted secret still holds the name ${reference}: the vault keeps deleted secrets for a while (soft delete), and their names with them.`,
      hint: `Bring it back, with all its versions: hsmkeep secret recover ${reference}\nOr end it for good, if the vault allows: hsmkeep secret purge ${reference}`,
    };
  if (kind === 'forbidden')
    return {
      message: `${vault} does not let you do that with ${secret} (${code}: ${detail}).`,
      hint: `You need a role such as "Key Vault Secrets Officer" on ${vault}. Where purge protection is on, nobody purges: the vault does it when the time is over.`,
    };
  return { message: `${vault} would not do that with ${secret} (${code}: ${detail}).`, hint: 'Read the reason; nothing was changed.' };
}
