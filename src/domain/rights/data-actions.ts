const PREFIX = 'Microsoft.KeyVault/managedHsm/';

/**
 * Every data action that a Managed HSM is known to have. Some rightly have no `/action` at the end.
 *
 * @see https://learn.microsoft.com/azure/key-vault/managed-hsm/built-in-roles#permitted-operations
 */
const KNOWN: ReadonlySet<string> = new Set(
  [
    ...['read/action', 'write/action', 'create', 'delete', 'rotate/action', 'import/action', 'export/action', 'release/action'].map(ofKeys),
    ...['backup/action', 'restore/action', 'encrypt/action', 'decrypt/action', 'wrap/action', 'unwrap/action'].map(ofKeys),
    ...['sign/action', 'verify/action', 'derive/action'].map(ofKeys),
    ...['deletedKeys/read/action', 'deletedKeys/recover/action', 'deletedKeys/delete'].map(ofKeys),
    ...['roleDefinitions', 'roleAssignments'].flatMap((kind) => ['read', 'write', 'delete'].map((verb) => `${kind}/${verb}/action`)),
    ...['download/action', 'download/read', 'upload/action', 'upload/read', 'transferkey/read'].map((one) => `securitydomain/${one}`),
    ...['backup/start/action', 'backup/status/action', 'restore/start/action', 'restore/status/action'],
    ...['settings/read/action', 'settings/write/action', 'rng/action', 'ekm/read/action', 'ekm/write/action', 'ekm/delete/action'],
  ].map((action) => action.toLowerCase()),
);

function ofKeys(action: string): string {
  return `keys/${action}`;
}

/** `backup/start/action` as the service writes it: `Microsoft.KeyVault/managedHsm/backup/start/action`. */
export const fullAction = (action: string): string => `${PREFIX}${shortAction(action)}`;

/** A data action as people write it, without the prefix that all have. */
export const shortAction = (action: string): string =>
  action.toLowerCase().startsWith(PREFIX.toLowerCase()) ? action.slice(PREFIX.length) : action;

/** Whether the service is known to have this data action. A newer one may be missing here; one with `*` is not looked up. */
export const isKnownAction = (action: string): boolean => action.includes('*') || KNOWN.has(shortAction(action).toLowerCase());
