import { type CipherGCMTypes, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const GCM_IV_BYTES = 12;
const GCM_TAG_BYTES = 16;

/** The default initial value of AES key wrap: https://www.rfc-editor.org/rfc/rfc3394#section-2.2.3.1 */
const KEY_WRAP_IV = Buffer.alloc(8, 0xa6);

export const AES_BLOCK_BYTES = 16;

export type Sealed = Readonly<{ value: Uint8Array; iv: Uint8Array; tag: Uint8Array }>;

/** Encrypts with an initialisation vector that the HSM draws itself, so that no caller can use one twice. */
export function encryptGcm(key: Uint8Array, plaintext: Uint8Array, aad: Uint8Array | undefined): Sealed {
  const iv = randomBytes(GCM_IV_BYTES);
  const cipher = createCipheriv(gcm(key), key, iv);
  if (aad) cipher.setAAD(aad);
  const value = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { value, iv, tag: cipher.getAuthTag() };
}

/** @throws when anything was changed since. */
export function decryptGcm(key: Uint8Array, { value, iv, tag }: Sealed, aad: Uint8Array | undefined): Uint8Array {
  const decipher = createDecipheriv(gcm(key), key, iv, { authTagLength: GCM_TAG_BYTES }).setAuthTag(tag);
  if (aad) decipher.setAAD(aad);
  return Buffer.concat([decipher.update(value), decipher.final()]);
}

/** @throws when there is no padding and the plaintext is not a whole number of blocks. */
export function encryptCbc(key: Uint8Array, plaintext: Uint8Array, iv: Uint8Array, padding: boolean): Uint8Array {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(padding);
  return Buffer.concat([cipher.update(plaintext), cipher.final()]);
}

/** @throws when the ciphertext is not a whole number of blocks, or its padding is wrong. */
export function decryptCbc(key: Uint8Array, ciphertext: Uint8Array, iv: Uint8Array, padding: boolean): Uint8Array {
  const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(padding);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

/** @throws when the plaintext is not at least two whole blocks of 8 bytes. */
export function wrapAes(key: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv(keyWrap(key), key, KEY_WRAP_IV);
  return Buffer.concat([cipher.update(plaintext), cipher.final()]);
}

/** @throws when anything was changed since. */
export function unwrapAes(key: Uint8Array, wrapped: Uint8Array): Uint8Array {
  const decipher = createDecipheriv(keyWrap(key), key, KEY_WRAP_IV);
  return Buffer.concat([decipher.update(wrapped), decipher.final()]);
}

const gcm = (key: Uint8Array) => `aes-${key.length * 8}-gcm` as CipherGCMTypes;
const keyWrap = (key: Uint8Array) => `id-aes${key.length * 8}-wrap`;
