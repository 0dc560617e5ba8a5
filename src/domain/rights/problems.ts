import { hsmRefused, type Refusal } from '../problems.ts';
import type { Problem } from '../views.ts';

const ADMINISTRATOR = 'Managed HSM Administrator';

/**
 * An HSM refused a person who administers it.
 *
 * @param hsm Its name, as commands take it.
 */
export function administrationRefused(hsm: string, doing: string, refusal: Refusal): Problem {
  const { kind, code, detail } = refusal;
  if (kind === 'forbidden') {
    const action = /managedHsm\/(\S+)/.exec(detail)?.[1];
    const settings = action?.startsWith('settings/') ? ` Only the role ${ADMINISTRATOR} may read or change settings.` : '';
    return {
      message: `${hsm} refused to ${doing}: you lack a right${action ? ` (${action})` : ''}.${settings}`,
      hint: `An administrator of the HSM can give it: hsmkeep role assignment set ${hsm} --role "${ADMINISTRATOR}" --principal <your object id>`,
    };
  }
  if (kind === 'unauthorised')
    return {
      message: `${hsm} refused your token (${code}: ${detail}).`,
      hint: 'Sign in with `az login` to the tenant of the HSM, and check the clock of this machine.',
    };
  if (code === 'InvalidSetting')
    return { message: `${hsm} knows no setting of that name.`, hint: `hsmkeep setting list ${hsm} shows those that there are.` };
  if (kind === 'invalid') return { message: `${hsm} would not ${doing} (${code}: ${detail}).`, hint: 'Correct what the message names.' };
  return hsmRefused(hsm, doing, refusal);
}
