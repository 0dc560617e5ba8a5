import type { Sensitive } from '../domain/rotation/sensitive.ts';
import type { Tags } from '../domain/rotation/tags.ts';

/** One version of a secret, without its value. Times are ISO 8601 UTC, as the vault's clock has them (whole seconds). */
export type SecretFacts = Readonly<{
  name: string;
  version: string;
  enabled: boolean;
  createdAt: string;
  expiresAt: string | null;
  contentType: string | null;
  tags: Tags;
}>;

/** `disabled`: it is there and cannot be read. */
export type SecretReading = Readonly<
  { status: 'found'; facts: SecretFacts; value: Sensitive } | { status: 'missing' } | { status: 'disabled' }
>;

export type NewVersion = Readonly<{ value: Sensitive; tags: Tags; contentType?: string | null; expiresAt?: string | null }>;

/** What may change of a version; what is absent stays. Tags are replaced as a whole. */
export type VersionChange = Readonly<{ tags?: Tags; enabled?: boolean; expiresAt?: string }>;

/**
 * The secrets of one Key Vault. Values leave it only as {@link Sensitive}.
 *
 * Every method is one request (lists: one for each page of 25), has a deadline, and throws {@link RefusedError} when the vault says no and
 * {@link TransientError} when a retry may help.
 */
export interface Vault {
  readonly name: string;
  readonly url: string;
  /** The current version, which is the newest whether enabled or not; or the version named. */
  read(name: string, version?: string): Promise<SecretReading>;
  /** Every version, newest first; none for a name that is not there. Versions of one second are in no particular order. */
  versions(name: string): Promise<readonly SecretFacts[]>;
  /** Every secret as its newest version describes it. */
  list(): AsyncIterable<SecretFacts>;
  /** Makes a new version, always: a repetition makes another. Whoever lost the answer reads first. */
  write(name: string, version: NewVersion): Promise<SecretFacts>;
  /** Changes a version; its value stays. Safe to repeat. */
  update(name: string, version: string, change: VersionChange): Promise<SecretFacts>;
}
