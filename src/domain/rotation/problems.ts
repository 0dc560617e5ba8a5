import type { FailureCode, Problem } from '../views.ts';

const KEPT = 'Nothing was thrown away; the next sweep tries again.';

export const secretDisabled = (vault: string, name: string): Problem => ({
  message: `The current version of ${vault}/${name} is disabled, so nobody can read it, hsmkeep neither.`,
  hint: `Enable it (az keyvault secret set-attributes --vault-name ${vault} --name ${name} --enabled true), or set a new version.`,
  failure: { kind: 'denied', code: 'SecretDisabled' },
});

export const tooManyAttempts = (vault: string, name: string, attempts: number): Problem => ({
  message: `The target refused ${attempts} new values for ${vault}/${name} in a row.`,
  hint: 'Compare its rules for passwords with length and alphabet in the tag rot-policy. The current value was not touched.',
  failure: { kind: 'rejected', code: 'TooManyAttempts' },
});

export const deletedMeanwhile = (vault: string, name: string): Problem => ({
  message: `${vault}/${name} was deleted while a new value of it was on its way; its target may accept that one alone.`,
  hint: `Recover it (az keyvault secret recover --vault-name ${vault} --name ${name}), then run \`hsmkeep secret rotate\`, which goes on with the value kept in escrow. If it is to stay deleted, end its credential on the target by hand.`,
  failure: { kind: 'parked', code: 'DeletedMeanwhile' },
});

export const badTags = (vault: string, name: string, mistakes: readonly string[]): Problem => ({
  message: `The tags of ${vault}/${name} do not say how to rotate it: ${mistakes.join('; ')}.`,
  hint: 'Correct them with `hsmkeep secret manage`, which checks them first. Nothing was changed.',
  failure: { kind: 'config', code: 'BadTags' },
});

export const tagsGone = (vault: string, name: string): Problem => ({
  message: `${vault}/${name} was managed, and the tags that say how to rotate it are gone; nobody rotates it now.`,
  hint: `Have it managed again (hsmkeep secret manage ${vault}/${name} …), or say that it is not to be: hsmkeep secret unmanage ${vault}/${name}.`,
  failure: { kind: 'config', code: 'TagsGone' },
});

export const unknownProvider = (provider: string, known: readonly string[]): string =>
  `there is no provider ${provider} (there are ${known.join(', ')})`;

export const usersNotTold = (provider: string): string =>
  `retire=when-unused is for targets that tell who uses the old credential, and ${provider} does not with this strategy: use on-grace`;

export const targetNotAllowed = (vault: string, target: string): string =>
  `the target ${target} is not among the "targets" that the configuration allows for ${vault}`;

export const tooLongValidity = (days: number, most: number): string =>
  `a version would be valid for ${days} days (every + 30), and the vault allows ${most} (maxValidityDays)`;

export const notAccepted = (vault: string, name: string): Problem => ({
  message: `Neither the current value of ${vault}/${name} nor any other that was tried is accepted by its target.`,
  hint: 'Set the right password on the target or the right value in the vault, then run `hsmkeep secret rotate`. Nothing was overwritten. A look tries two of the ten values before, so as not to lock the account; the next looks try others.',
  failure: { kind: 'parked', code: 'NotAccepted' },
});

export const notAnswering = (vault: string, name: string, code: string): Problem => ({
  message: `The target of ${vault}/${name} gave no clear answer (${code}).`,
  hint: `Check that the target is up and reachable from the app. ${KEPT}`,
  failure: { kind: 'unreachable', code: code },
});

export const refusedByTarget = (vault: string, name: string, failure: FailureCode, hint: string): Problem => ({
  message: `The target of ${vault}/${name} refused (${failure.code}).`,
  hint: `${hint} ${KEPT}`,
  failure,
});

export const refusedStart = (vault: string, name: string, reason: string, until: string | null): Problem => ({
  message: `${vault}/${name} was not rotated: ${reason}${until ? ` until ${until}` : ''}.`,
  hint: 'Wait for it, or, when the value is known to others, rotate with mode compromise, which does not wait.',
  failure: { kind: 'not-now', code: 'NotNow' },
});

/** What its users have to do has been open for a whole grace more than it should have been. */
export const endedInUse = (vault: string, name: string, users: string): Problem => ({
  message: `The old credential of ${vault}/${name} has ended while it was still used, by ${users}.`,
  failure: { kind: 'parked', code: 'EndedInUse' },
  hint: 'These cannot log in any more until they read the secret again: restart them, and have them read it as docs/providers.md says under "Applications".',
});

export const targetHeldBack = (target: string, until: string | null): Problem => ({
  message: `Nothing is begun on ${target}${until === null ? '' : ` until ${until}`}: too many of its last rotations failed.`,
  hint: 'Look at a failed one (hsmkeep run list --kind rotation) and mend its cause; one secret is then tried, and the others follow it.',
});

export const secretGone = (vault: string, name: string): Problem => ({
  message: `There is no secret ${vault}/${name}.`,
  hint: `If it was deleted by mistake: az keyvault secret recover --vault-name ${vault} --name ${name}`,
  failure: { kind: 'gone', code: 'SecretGone' },
});

/**
 * A vault refused a request. `inner` is the service's inner code, which alone tells one 403 from another. Its words are not passed on: they may
 * repeat what it was sent, and that was a value.
 */
export function vaultRefused(vault: string, doing: string, refusal: Readonly<{ kind: string; code: string; inner?: string }>): Problem {
  const { kind, code, inner } = refusal;
  const isDenied = kind === 'forbidden' || kind === 'unauthorised';
  const failure = { kind: isDenied ? 'denied' : 'parked', code: inner ?? code } as const;
  if (kind === 'forbidden' && inner === 'ForbiddenByFirewall')
    return {
      message: `${vault} refused to ${doing}: its firewall does not let this app in.`,
      hint: "Allow the app's outbound addresses or its private endpoint in the vault's networking settings.",
      failure,
    };
  if (kind === 'forbidden')
    return {
      message: `${vault} refused to ${doing}: this app's identity lacks a right (${inner ?? code}).`,
      hint: `Grant it: az role assignment create --role "Key Vault Secrets Officer" --scope <resource id of ${vault}> --assignee <object id of this app's identity>`,
      failure,
    };
  if (kind === 'unauthorised')
    return {
      message: `${vault} refused the token with which this app wanted to ${doing} (${code}).`,
      hint: 'Check that the app has a managed identity in the tenant of the vault, that HSMKEEP_IDENTITY_ROTATE names it, and that the clocks agree.',
      failure,
    };
  if (kind === 'conflict')
    return {
      message: `${vault} would not ${doing} (${inner ?? code}).`,
      hint: 'A deleted secret still holds its name: recover it, or purge it (az keyvault secret recover, az keyvault secret purge).',
      failure,
    };
  return { message: `${vault} would not ${doing} (${inner ?? code}).`, hint: `Its diagnostic log tells the reason. ${KEPT}`, failure };
}
