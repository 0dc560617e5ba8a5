import { privateDecrypt, publicEncrypt } from 'node:crypto';
import { z } from 'zod';
import { badParameter, given } from '../objects/body.ts';
import { base64urlBytes, toBase64url } from './base64url.ts';
import { isEcPair } from './ecdsa.ts';
import { CURVES, OCT_SIZES, privateKeyOf, publicKeyOf, RSA_SIZES } from './material.ts';
import { KEY_OPERATIONS, type KeyMaterial } from './record.ts';

/** A number or octets of a JWK, normalised to unpadded base64url. */
const octets = base64urlBytes.refine((bytes) => bytes.length > 0).transform(toBase64url);

const usage = { key_ops: given(z.array(z.enum(KEY_OPERATIONS))) };

/** The private JWKs that an HSM takes. An already wrapped key (`key_hsm`, "bring your own key") is not emulated. */
export const jsonWebKey = z.discriminatedUnion('kty', [
  z.object({
    kty: z.enum(['RSA', 'RSA-HSM']),
    ...{ n: octets, e: octets, d: octets, p: octets, q: octets, dp: octets, dq: octets, qi: octets },
    ...usage,
  }),
  z.object({ kty: z.enum(['EC', 'EC-HSM']), crv: z.enum(CURVES), x: octets, y: octets, d: octets, ...usage }),
  z.object({ kty: z.enum(['oct', 'oct-HSM']), k: octets, ...usage }),
]);

/**
 * Material of an imported key.
 *
 * @throws {ServiceError} 400 BadParameter when its size is not one that an HSM holds, or its parts do not belong together.
 */
export function importedMaterial(key: z.infer<typeof jsonWebKey>): KeyMaterial {
  const material = materialOf(key);
  if (!isConsistent(material))
    throw badParameter('The key is not one that the HSM can hold: its size is not supported, or its parts do not match.');
  return material;
}

function materialOf(key: z.infer<typeof jsonWebKey>): KeyMaterial {
  switch (key.kty) {
    case 'RSA':
    case 'RSA-HSM': {
      const { n, e, d, p, q, dp, dq, qi } = key;
      return { kty: 'RSA', n, e, d, p, q, dp, dq, qi };
    }
    case 'EC':
    case 'EC-HSM':
      return { kty: 'EC', crv: key.crv, x: key.x, y: key.y, d: key.d };
    case 'oct':
    case 'oct-HSM':
      return { kty: 'oct', k: key.k };
  }
}

function isConsistent(material: KeyMaterial): boolean {
  switch (material.kty) {
    case 'RSA':
      return isRsaPair(material);
    case 'EC':
      return isEcPair(material);
    case 'oct':
      return OCT_SIZES.some((bits) => Buffer.from(material.k, 'base64url').length * 8 === bits);
  }
}

/** A probe goes out with the public half and must come back with the private one. */
function isRsaPair(material: KeyMaterial): boolean {
  try {
    const publicKey = publicKeyOf(material);
    const probe = Buffer.from('probe');
    const size = publicKey.asymmetricKeyDetails?.modulusLength;
    return RSA_SIZES.some((bits) => bits === size) && privateDecrypt(privateKeyOf(material), publicEncrypt(publicKey, probe)).equals(probe);
  } catch {
    return false;
  }
}
