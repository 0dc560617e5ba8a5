import type { Sensitive } from '../domain/rotation/sensitive.ts';
import type { SecretFacts, SecretReading, Vault } from './vault.ts';

/** A secret that was deleted and can still be brought back. Times are ISO 8601 UTC; null where the vault does not tell. */
export type DeletedSecret = Readonly<{ name: string; deletedAt: string | null; purgedAt: string | null }>;

/**
 * What people do to the secrets of one vault with their own identity. Every method has a deadline, and throws {@link RefusedError} when the
 * vault says no (a deleted secret that still holds its name, a vault that purges nothing) and {@link TransientError} when a retry may help.
 */
export interface VaultKeeper extends Pick<Vault, 'name' | 'url'> {
  read(name: string, version?: string): Promise<SecretReading>;
  /** Makes a new version. Tags that say how the secret is rotated, and those of others, stay; the marks of a rotation do not. */
  set(name: string, value: Sensitive, contentType?: string): Promise<SecretFacts>;
  /** Deletes it with all its versions, and waits until that is done. */
  delete(name: string): Promise<DeletedSecret>;
  /** Brings it back with all its versions, and waits until it can be read again. */
  recover(name: string): Promise<void>;
  /** Ends it for good. */
  purge(name: string): Promise<void>;
}
