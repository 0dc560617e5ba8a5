import type { KeyItem, Part } from './inventory.ts';

/**
 * What a drill holds a restored canary key against: a ciphertext that only this key version decrypts, and a signature that only it can have
 * made. Nothing in it is secret; the plaintext is random, and kept as its hash only.
 */
export type Canary = Readonly<{
  key: string;
  version: string;
  /** RSA-OAEP-256, base64url. */
  ciphertext: string;
  /** SHA-256 of what was encrypted, lower-case hexadecimal. */
  plaintextSha256: string;
  /** The SHA-256 digest that was signed, base64url. */
  digest: string;
  /** PS256 over the digest, base64url. */
  signature: string;
}>;

/** `hsmkeep/<hsm>/canary.json`, beside the backups: of the canary key's newest version. Each backup's record keeps its own copy. */
export type CanaryDocument = Canary &
  Readonly<{
    schema: 'hsmkeep.canary/1';
    hsm: string;
    /** ISO 8601 UTC. */
    madeAt: string;
  }>;

export const canaryPath = (hsm: string): string => `hsmkeep/${hsm}/canary.json`;

/** What the canary key is called where the configuration names none. */
export const CANARY_KEY = 'hsmkeep-canary';
export const CANARY_BITS = 3072;

/** The canary without what only its document says. */
export const canaryOf = ({ key, version, ciphertext, plaintextSha256, digest, signature }: Canary): Canary => ({
  key,
  version,
  ciphertext,
  plaintextSha256,
  digest,
  signature,
});

/**
 * Whether a backup holds the key version that the canary was made with.
 *
 * @param keys The keys of the backup's inventory.
 * @returns undefined when the inventory cannot tell.
 */
export function holdsCanary(keys: Part<KeyItem>, { key, version }: Pick<Canary, 'key' | 'version'>): boolean | undefined {
  if (keys === 'unreadable') return undefined;
  return keys.some((item) => item.name.toLowerCase() === key.toLowerCase() && item.versions.some((each) => each.version === version));
}
