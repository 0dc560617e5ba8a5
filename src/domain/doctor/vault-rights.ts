import { allows } from '../rights/patterns.ts';
import type { Permission } from '../rights/roles.ts';
import { type Check, finding, ok } from './check.ts';

/** Who has which roles of Azure on a vault, and what those allow there. */
export type VaultRoles = Readonly<{
  /** Resource id of the vault. */
  id: string;
  holders: readonly Readonly<{ principalId: string; permissions: readonly Permission[] }>[];
}>;

const SECRETS = 'Microsoft.KeyVault/vaults/secrets/';
const READING = 'getSecret/action';

/** What rotations do in a vault. */
const ROTATING = ['readMetadata/action', READING, 'setSecret/action', 'update/action'] as const;

/** Object ids of everybody who can read the values of a vault's secrets, each once. An owner of the vault can give itself such a role. */
export const readersOf = ({ holders }: VaultRoles): string[] =>
  [
    ...new Set(
      holders
        .filter(({ permissions }) => permissions.some((one) => allows(one, SECRETS + READING)))
        .map(({ principalId }) => principalId.toLowerCase()),
    ),
  ].sort();

/** Whether the rotate duty may do in a vault what rotations do: one check for each right that is missing. */
export function checkVaultRights(vault: string, roles: VaultRoles, rotator: string): Check[] {
  const what = { check: 'rights', subject: vault } as const;
  const held = roles.holders.filter(({ principalId }) => principalId.toLowerCase() === rotator.toLowerCase());
  const may = (action: string): boolean => held.some(({ permissions }) => permissions.some((one) => allows(one, SECRETS + action)));
  const missing = ROTATING.filter((action) => !may(action));
  if (missing.length === 0) return [ok(what, 'rotate has what it needs')];
  return missing.map((action) =>
    finding(what, {
      message: `rotate (${rotator}) lacks secrets/${action}`,
      hint: `az role assignment create --role "Key Vault Secrets Officer" --assignee-object-id ${rotator} --assignee-principal-type ServicePrincipal --scope ${roles.id}`,
    }),
  );
}

/**
 * Whether only the rotate duty can read values on their way.
 *
 * @param escrow Name of the vault that they lie in.
 * @param rotator Object id of the rotate duty's identity; undefined when it is not named.
 */
export function checkEscrowReaders(vault: string, escrow: string, roles: VaultRoles, rotator: string | undefined): Check {
  const what = { check: 'escrow', subject: vault } as const;
  const readers = readersOf(roles);
  const others = readers.filter((reader) => reader !== rotator?.toLowerCase());
  const allowed = rotator === undefined ? 1 : 0;
  if (others.length <= allowed)
    return ok(what, readers.length === 0 ? `nobody may read ${escrow}` : `${readers.join(', ')} alone may read ${escrow}`);
  return finding(what, {
    message: `${escrow} can be read by ${others.join(', ')}${rotator === undefined ? '' : ', who do not rotate'}`,
    hint: `Take those role assignments away: az role assignment list --scope ${roles.id} --include-inherited`,
  });
}
