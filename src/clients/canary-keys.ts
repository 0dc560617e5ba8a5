/** One version of a key. */
export type KeyVersion = Readonly<{ key: string; version: string }>;

/** The public part of an RSA key, base64url as in a JSON Web Key. */
export type RsaPublicKey = Readonly<{ n: string; e: string }>;

/**
 * The canary key of an HSM. Throws as the other methods of {@link ManagedHsm}; everything has a deadline and is safe to repeat.
 *
 * Making one takes the rights to create, read and sign with this one key; a drill takes those to read, delete, purge, decrypt and verify.
 */
export interface CanaryKeys {
  /** The newest version; undefined when there is no key of that name. `rsaBits` is null for a key that is not RSA. */
  newest(key: string): Promise<(KeyVersion & Readonly<{ rsaBits: number | null; publicKey: RsaPublicKey }>) | undefined>;
  /** Makes an RSA key that signs, verifies, encrypts and decrypts. */
  create(key: string, bits: number): Promise<void>;
  /** PS256 over a SHA-256 digest. */
  sign(version: KeyVersion, digest: Uint8Array): Promise<Uint8Array>;
  verify(version: KeyVersion, digest: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /** RSA-OAEP-256. */
  decrypt(version: KeyVersion, ciphertext: Uint8Array): Promise<Uint8Array>;
  /** Takes a key away for good, with all its versions. @throws {OperatorError} when purge protection keeps it. */
  purge(key: string): Promise<void>;
}
