import { badParameter } from '../objects/body.ts';
import { ServiceError } from '../service.ts';
import type { StoredSecret } from './store.ts';

/** The service's own texts; clients and their tests look for them. */
export const secretNotFound = (name: string) =>
  new ServiceError(
    404,
    'SecretNotFound',
    `A secret with (name/id) ${name} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`,
  );

export const deletedSecretNotFound = (name: string) => new ServiceError(404, 'SecretNotFound', `Deleted Secret not found: ${name}`);

export const secretDisabled = () =>
  new ServiceError(403, 'Forbidden', 'Operation get is not allowed on a disabled secret.', 'SecretDisabled');

export const secretTooLarge = () => badParameter('Secret is beyond the maximum permitted length of 25600 characters.', 'SecretTooLarge');

export const alreadyExists = (name: string) =>
  new ServiceError(400, 'MethodNotAllowed', `Secret exists already: ${name}`, 'RequestNotAllowedOnNonDeletedObject');

export const restoreConflict = (id: string) =>
  new ServiceError(409, 'Conflict', `There was a conflict restoring the secret '${id}'. Its name is in use, or was until a moment ago.`);

export const malformedBackup = () => new ServiceError(400, 'Malformed backup blob', 'Backup blob contains invalid or corrupt version.');

export const purgeProtected = (name: string) =>
  new ServiceError(403, 'Forbidden', `Operation "purge" is not allowed on ${name}: purge protection is on.`, 'ForbiddenByPolicy');

export const notPfx = (contentType: string) =>
  badParameter(
    `The 'Unsupported' to '${contentType.includes('pem') ? 'PEM' : 'PFX'}' transformation is not supported. Only PFX to PEM transformation is supported.`,
  );

export const beingDeleted = () => new ServiceError(409, 'Conflict', 'Secret is currently being deleted.', 'ObjectIsBeingDeleted');

export const beingRecovered = () => new ServiceError(409, 'Conflict', 'Secret is currently being recovered.', 'ObjectIsBeingRecovered');

/** 409 for a new version under a name that soft delete holds; undefined when the name is free or live. */
export function nameHeld({ name, state }: StoredSecret): ServiceError | undefined {
  const held = (inner: string, text: string) => new ServiceError(409, 'Conflict', `Secret ${name} is currently ${text}`, inner);
  switch (state) {
    case 'live':
      return undefined;
    case 'deleting':
      return held('ObjectIsBeingDeleted', 'being deleted and cannot be re-created; retry later.');
    case 'recovering':
      return held('ObjectIsBeingRecovered', 'being recovered and cannot be re-created; retry later.');
    case 'deleted':
    case 'purging':
      return held(
        'ObjectIsDeletedButRecoverable',
        'in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.',
      );
  }
}
