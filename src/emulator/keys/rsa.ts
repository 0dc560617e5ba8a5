import { constants, type KeyObject, privateDecrypt, privateEncrypt, publicDecrypt, publicEncrypt, timingSafeEqual } from 'node:crypto';
import { encodePss, verifyPss } from './pss.ts';

/** Paddings of RSA encryption by Key Vault's names. */
export const RSA_ENCRYPTION = {
  'RSA-OAEP': { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
  'RSA-OAEP-256': { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
  RSA1_5: { padding: constants.RSA_PKCS1_PADDING },
} as const;
export type RsaEncryption = keyof typeof RSA_ENCRYPTION;

/** @throws when the plaintext is too long for the key. */
export const rsaEncrypt = (key: KeyObject, algorithm: RsaEncryption, plaintext: Uint8Array) =>
  publicEncrypt({ key, ...RSA_ENCRYPTION[algorithm] }, plaintext);

/** @throws when the ciphertext does not fit. */
export function rsaDecrypt(key: KeyObject, algorithm: RsaEncryption, ciphertext: Uint8Array): Uint8Array {
  if (algorithm !== 'RSA1_5') return privateDecrypt({ key, ...RSA_ENCRYPTION[algorithm] }, ciphertext);
  return withoutPkcs1Padding(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, ciphertext));
}

/**
 * The message in an encryption block of PKCS #1 v1.5: 0, 2, at least eight padding bytes that are not 0, 0, message. Done here
 * because Node 22 refuses this padding, and newer ones answer a wrong ciphertext with random bytes, which an HSM does not. That
 * protects servers from being used as an oracle; this one has no secrets worth it.
 *
 * @throws when the block is not of that form.
 * @see https://www.rfc-editor.org/rfc/rfc8017#section-7.2.2
 */
function withoutPkcs1Padding(block: Uint8Array): Uint8Array {
  const end = block.indexOf(0, 2);
  if (block[0] !== 0 || block[1] !== 2 || end < 10) throw new Error('no PKCS #1 encryption block');
  return block.subarray(end + 1);
}

/** Signs a digest with RSASSA-PKCS1-v1_5. */
export const signPkcs1 = (key: KeyObject, digest: Uint8Array, hash: string) =>
  privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(digest, hash));

export function verifyPkcs1(key: KeyObject, digest: Uint8Array, signature: Uint8Array, hash: string): boolean {
  const expected = digestInfo(digest, hash);
  const opened = open(key, signature, constants.RSA_PKCS1_PADDING);
  return opened?.length === expected.length && timingSafeEqual(opened, expected);
}

/** Signs a digest with RSASSA-PSS. */
export function signPss(key: KeyObject, digest: Uint8Array, hash: string): Uint8Array {
  const encoded = encodePss(digest, hash, modulusBits(key) - 1);
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
}

export function verifyPssSignature(key: KeyObject, digest: Uint8Array, signature: Uint8Array, hash: string): boolean {
  const opened = open(key, signature, constants.RSA_NO_PADDING);
  return opened !== undefined && verifyPss(digest, opened, hash, modulusBits(key) - 1);
}

/** What the public key makes of a signature; undefined when it is none of this key's. */
function open(key: KeyObject, signature: Uint8Array, padding: number): Uint8Array | undefined {
  try {
    return publicDecrypt({ key, padding }, signature);
  } catch {
    return undefined;
  }
}

/** Every size that the emulator makes or imports is a multiple of 8, so an encoded message is as long as the modulus. */
const modulusBits = (key: KeyObject) => key.asymmetricKeyDetails?.modulusLength ?? 0;

/** DER heads of a DigestInfo, up to the digest itself: https://www.rfc-editor.org/rfc/rfc8017#section-9.2 (note 1). */
const DIGEST_INFO_HEADS: Readonly<Record<string, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};

const digestInfo = (digest: Uint8Array, hash: string) => Buffer.concat([Buffer.from(DIGEST_INFO_HEADS[hash] ?? '', 'hex'), digest]);
