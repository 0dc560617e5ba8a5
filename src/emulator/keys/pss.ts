import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * EMSA-PSS for a digest that the caller has already computed, which node:crypto cannot sign. Mask and salt use the digest's
 * own hash and length, as Key Vault's PS256, PS384 and PS512 do.
 *
 * @param bits Length of the encoded message: the modulus's bits less one.
 * @see https://www.rfc-editor.org/rfc/rfc8017#section-9.1.1
 */
export function encodePss(digest: Uint8Array, hash: string, bits: number): Uint8Array {
  const length = Math.ceil(bits / 8);
  const salt = randomBytes(digest.length);
  const seal = saltedHash(digest, salt, hash);

  const block = Buffer.alloc(length - seal.length - 1);
  block[block.length - salt.length - 1] = 1;
  salt.copy(block, block.length - salt.length);

  const masked = xor(block, mask(seal, block.length, hash));
  masked[0] = (masked[0] ?? 0) & topMask(bits);
  return Buffer.concat([masked, seal, Uint8Array.of(0xbc)]);
}

/**
 * Whether an encoded message, as the public key opened it, is a PSS encoding of this digest.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8017#section-9.1.2
 */
export function verifyPss(digest: Uint8Array, encoded: Uint8Array, hash: string, bits: number): boolean {
  const length = Math.ceil(bits / 8);
  const sealStart = length - digest.length - 1;
  if (encoded.length !== length || encoded.at(-1) !== 0xbc || sealStart < digest.length + 1) return false;
  if (((encoded[0] ?? 0) & ~topMask(bits)) !== 0) return false;

  const seal = encoded.subarray(sealStart, length - 1);
  const block = xor(encoded.subarray(0, sealStart), mask(seal, sealStart, hash));
  block[0] = (block[0] ?? 0) & topMask(bits);

  const saltStart = block.length - digest.length;
  if (block[saltStart - 1] !== 1 || block.subarray(0, saltStart - 1).some((byte) => byte !== 0)) return false;
  return timingSafeEqual(seal, saltedHash(digest, block.subarray(saltStart), hash));
}

/** The hash of eight zero bytes, the digest and the salt. */
const saltedHash = (digest: Uint8Array, salt: Uint8Array, hash: string) =>
  createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();

/** MGF1: as many bytes as asked for, from hashes of the seed and a counter. */
function mask(seed: Uint8Array, length: number, hash: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let made = 0, counter = Buffer.alloc(4); made < length; counter.writeUInt32BE(counter.readUInt32BE() + 1)) {
    const part = createHash(hash).update(seed).update(counter).digest();
    parts.push(part);
    made += part.length;
  }
  return Buffer.concat(parts).subarray(0, length);
}

const xor = (a: Uint8Array, b: Uint8Array) => Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));

/** Clears the bits of the first byte that lie above the encoded message's length. */
const topMask = (bits: number) => 0xff >> (8 * Math.ceil(bits / 8) - bits);
