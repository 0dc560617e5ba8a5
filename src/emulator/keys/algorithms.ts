import { badParameter } from '../objects/body.ts';
import { AES_BLOCK_BYTES, decryptCbc, decryptGcm, encryptCbc, encryptGcm, unwrapAes, wrapAes } from './aes.ts';
import { signEcdsa, verifyEcdsa } from './ecdsa.ts';
import { privateKeyOf, publicKeyOf } from './material.ts';
import type { CurveName, KeyMaterial } from './record.ts';
import { RSA_ENCRYPTION, type RsaEncryption, rsaDecrypt, rsaEncrypt, signPkcs1, signPss, verifyPkcs1, verifyPssSignature } from './rsa.ts';

/** What a caller sends along with the value. */
export type CipherInput = Readonly<{
  value: Uint8Array;
  iv?: Uint8Array | undefined;
  tag?: Uint8Array | undefined;
  aad?: Uint8Array | undefined;
}>;

export type CipherOutput = Readonly<{ value: Uint8Array; iv?: Uint8Array; tag?: Uint8Array; aad?: Uint8Array | undefined }>;

/** An algorithm bound to a key that it fits. Both directions throw when the input is not what they can work on. */
export type Cipher = Readonly<{ seal: (input: CipherInput) => CipherOutput; open: (input: CipherInput) => CipherOutput }>;

export type Signer = Readonly<{
  digestBytes: number;
  sign: (digest: Uint8Array) => Uint8Array;
  verify: (digest: Uint8Array, signature: Uint8Array) => boolean;
}>;

/**
 * An algorithm of encrypt and decrypt, for a key.
 *
 * @throws {ServiceError} 400 BadParameter when it is unknown or the key is of another kind or size.
 */
export function encryptionCipher(algorithm: string, material: KeyMaterial): Cipher {
  const cipher = rsaCipher(algorithm, material) ?? aesCipher(algorithm, material);
  if (!cipher) throw unsuitable(algorithm, material);
  return cipher;
}

/**
 * An algorithm of wrapKey and unwrapKey, for a key.
 *
 * @throws {ServiceError} 400 BadParameter when it is unknown or the key is of another kind or size.
 */
export function wrappingCipher(algorithm: string, material: KeyMaterial): Cipher {
  const cipher = rsaCipher(algorithm, material) ?? aesKeyWrap(algorithm, material);
  if (!cipher) throw unsuitable(algorithm, material);
  return cipher;
}

/**
 * An algorithm of sign and verify, for a key. It takes digests, not messages.
 *
 * @throws {ServiceError} 400 BadParameter when it is unknown or the key is of another kind or curve.
 */
export function signer(algorithm: string, material: KeyMaterial): Signer {
  const signer = rsaSigner(algorithm, material) ?? ecSigner(algorithm, material);
  if (!signer) throw unsuitable(algorithm, material);
  return signer;
}

function rsaCipher(algorithm: string, material: KeyMaterial): Cipher | undefined {
  if (material.kty !== 'RSA' || !Object.hasOwn(RSA_ENCRYPTION, algorithm)) return undefined;
  const padding = algorithm as RsaEncryption;
  return {
    seal: ({ value }) => ({ value: rsaEncrypt(publicKeyOf(material), padding, value) }),
    open: ({ value }) => ({ value: rsaDecrypt(privateKeyOf(material), padding, value) }),
  };
}

function aesCipher(algorithm: string, material: KeyMaterial): Cipher | undefined {
  const [, bits, mode] = /^A(128|192|256)(GCM|CBC|CBCPAD)$/.exec(algorithm) ?? [];
  const key = aesKey(material, Number(bits));
  if (!key) return undefined;

  if (mode === 'GCM') {
    return {
      seal: ({ value, iv, aad }) => {
        if (iv) throw badParameter('The HSM draws the iv of AES-GCM itself.');
        return { ...encryptGcm(key, value, aad), aad };
      },
      open: ({ value, iv, tag, aad }) => {
        if (!iv || !tag) throw badParameter('AES-GCM needs the iv and the tag of the encryption.');
        return { value: decryptGcm(key, { value, iv, tag }, aad) };
      },
    };
  }

  const padded = mode === 'CBCPAD';
  return {
    seal: ({ value, iv }) => ({ value: encryptCbc(key, value, cbcIv(iv), padded), iv: cbcIv(iv) }),
    open: ({ value, iv }) => ({ value: decryptCbc(key, value, cbcIv(iv), padded) }),
  };
}

function cbcIv(iv: Uint8Array | undefined): Uint8Array {
  if (iv?.length !== AES_BLOCK_BYTES) throw badParameter(`AES-CBC needs an iv of ${AES_BLOCK_BYTES} bytes.`);
  return iv;
}

function aesKeyWrap(algorithm: string, material: KeyMaterial): Cipher | undefined {
  const [, bits] = /^A(128|192|256)KW$/.exec(algorithm) ?? [];
  const key = aesKey(material, Number(bits));
  return key && { seal: ({ value }) => ({ value: wrapAes(key, value) }), open: ({ value }) => ({ value: unwrapAes(key, value) }) };
}

function aesKey(material: KeyMaterial, bits: number): Uint8Array | undefined {
  if (material.kty !== 'oct') return undefined;
  const key = Buffer.from(material.k, 'base64url');
  return key.length * 8 === bits ? key : undefined;
}

function rsaSigner(algorithm: string, material: KeyMaterial): Signer | undefined {
  const [, scheme, bits] = /^(RS|PS)(256|384|512)$/.exec(algorithm) ?? [];
  if (material.kty !== 'RSA' || bits === undefined) return undefined;

  const hash = `sha${bits}`;
  const [sign, verify] = scheme === 'PS' ? [signPss, verifyPssSignature] : [signPkcs1, verifyPkcs1];
  return {
    digestBytes: Number(bits) / 8,
    sign: (digest) => sign(privateKeyOf(material), digest, hash),
    verify: (digest, signature) => verify(publicKeyOf(material), digest, signature, hash),
  };
}

const EC_ALGORITHMS: Readonly<Record<string, Readonly<{ crv: CurveName; digestBytes: number }>>> = {
  ES256: { crv: 'P-256', digestBytes: 32 },
  ES384: { crv: 'P-384', digestBytes: 48 },
  ES512: { crv: 'P-521', digestBytes: 64 },
  ES256K: { crv: 'P-256K', digestBytes: 32 },
};

function ecSigner(algorithm: string, material: KeyMaterial): Signer | undefined {
  const fitting = Object.hasOwn(EC_ALGORITHMS, algorithm) ? EC_ALGORITHMS[algorithm] : undefined;
  if (material.kty !== 'EC' || material.crv !== fitting?.crv) return undefined;
  return {
    digestBytes: fitting.digestBytes,
    sign: (digest) => signEcdsa(material, digest),
    verify: (digest, signature) => verifyEcdsa(material, digest, signature),
  };
}

const unsuitable = (algorithm: string, { kty }: KeyMaterial) =>
  badParameter(`The algorithm ${algorithm} is not known, or does not suit this ${kty}-HSM key.`);
