import { badParameter } from '../objects/body.ts';
import { ServiceError } from '../service.ts';
import type { KeyOperation } from './record.ts';

/** The codes are Key Vault's; nobody has recorded an HSM's texts for most of these. */
export const keyNotFound = (name: string) =>
  new ServiceError(404, 'KeyNotFound', `A key with (name/id) ${name} was not found in this managed HSM.`);

export const deletedKeyNotFound = (name: string) => new ServiceError(404, 'KeyNotFound', `Deleted Key not found: ${name}`);

export const keyNameHeld = (name: string) =>
  new ServiceError(
    409,
    'Conflict',
    `Key ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the key can only be recovered or purged.`,
    'ObjectIsDeletedButRecoverable',
  );

export const keyRestoreConflict = (id: string) =>
  new ServiceError(409, 'Conflict', `There was a conflict restoring the key '${id}'. Its name is in use, or held by a deleted key.`);

export const malformedKeyBackup = () => badParameter('The backup blob is not one that this HSM can restore.');

export const keyPurgeProtected = (name: string) =>
  new ServiceError(403, 'Forbidden', `Operation "purge" is not allowed on ${name}: purge protection is on.`, 'ForbiddenByPolicy');

export const keyDisabled = (operation: KeyOperation) =>
  new ServiceError(403, 'Forbidden', `Operation ${operation} is not allowed on a disabled key.`, 'KeyDisabled');

export const keyExpired = (operation: KeyOperation) =>
  new ServiceError(403, 'Forbidden', `Operation ${operation} is not allowed on an expired key.`, 'KeyExpired');

export const keyNotYetValid = (operation: KeyOperation) =>
  new ServiceError(403, 'Forbidden', `Operation ${operation} is not allowed on a key that is not yet valid.`, 'KeyNotYetValid');

export const operationNotPermitted = (operation: KeyOperation) =>
  new ServiceError(403, 'Forbidden', `Operation ${operation} is not permitted on this key.`, 'KeyOperationForbidden');
