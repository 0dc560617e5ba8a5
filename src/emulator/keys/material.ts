import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { toBase64url } from './base64url.ts';
import type { CurveName, KeyMaterial } from './record.ts';

const generatePair = promisify(generateKeyPair);

type Jwk = Record<string, unknown>;

/** Key Vault calls secp256k1 otherwise than the rest of the world. */
const nodeCurve = (crv: CurveName) => (crv === 'P-256K' ? 'secp256k1' : crv);

export const RSA_SIZES = [2048, 3072, 4096] as const;
export const CURVES = ['P-256', 'P-384', 'P-521', 'P-256K'] as const satisfies CurveName[];
export const OCT_SIZES = [128, 192, 256] as const;

/** What to generate; sizes are in bits. */
export type MaterialSpec = Readonly<
  | { kty: 'RSA'; sizeBits: (typeof RSA_SIZES)[number]; publicExponent?: number | undefined }
  | { kty: 'EC'; crv: CurveName }
  | { kty: 'oct'; sizeBits: (typeof OCT_SIZES)[number] }
>;

/** Generates key material off the event loop; an RSA key of 4096 bits takes about a second. */
export async function generateMaterial(spec: MaterialSpec): Promise<KeyMaterial> {
  switch (spec.kty) {
    case 'RSA': {
      const { privateKey } = await generatePair('rsa', { modulusLength: spec.sizeBits, publicExponent: spec.publicExponent ?? 65_537 });
      return privateKey.export({ format: 'jwk' }) as KeyMaterial;
    }
    case 'EC': {
      const { privateKey } = await generatePair('ec', { namedCurve: nodeCurve(spec.crv) });
      return { ...privateKey.export({ format: 'jwk' }), crv: spec.crv } as KeyMaterial;
    }
    case 'oct':
      return { kty: 'oct', k: toBase64url(randomBytes(spec.sizeBits / 8)) };
  }
}

/** The public half of a key as answers show it: `RSA-HSM`, `EC-HSM` or `oct-HSM`, fields in alphabetical order around `kid` and `key_ops`. */
export function publicJwk(material: KeyMaterial, kid: string, keyOps: readonly string[]): Jwk {
  switch (material.kty) {
    case 'RSA':
      return { e: material.e, key_ops: keyOps, kid, kty: 'RSA-HSM', n: material.n };
    case 'EC':
      return { crv: material.crv, key_ops: keyOps, kid, kty: 'EC-HSM', x: material.x, y: material.y };
    case 'oct':
      return { key_ops: keyOps, kid, kty: 'oct-HSM' };
  }
}

/** An RSA or EC key as node:crypto takes it. */
export const privateKeyOf = (material: KeyMaterial): KeyObject => createPrivateKey({ key: nodeJwk(material), format: 'jwk' });

export const publicKeyOf = (material: KeyMaterial): KeyObject => createPublicKey(privateKeyOf(material));

const nodeJwk = (material: KeyMaterial) => (material.kty === 'EC' ? { ...material, crv: nodeCurve(material.crv) } : { ...material });
