import { CURVES, inverse, modulo, type Point, publicPoint, randomPoint, toBytes, toInteger, xOfSum } from './curves.ts';
import type { KeyMaterial } from './record.ts';

/*
 * ECDSA over a digest that the caller has computed. node:crypto only signs messages, so the equations of FIPS 186-5 stand
 * here; whatever multiplies a point by a secret is left to OpenSSL. No algorithm's digest is longer than its curve's order,
 * so none is cut.
 */
type EcMaterial = Extract<KeyMaterial, { kty: 'EC' }>;

/** Signs a digest; the signature is r and s side by side (IEEE P1363), each as long as a coordinate. */
export function signEcdsa({ crv, d }: EcMaterial, digest: Uint8Array): Uint8Array {
  const curve = CURVES[crv];
  const { n, bytes } = curve;

  for (;;) {
    const { secret: k, point } = randomPoint(curve);
    const r = point.x % n;
    const s = modulo(inverse(k, n) * (toInteger(digest) + r * integer(d)), n);
    if (r !== 0n && s !== 0n) return Buffer.concat([toBytes(r, bytes), toBytes(s, bytes)]);
  }
}

/** Whether r and s (IEEE P1363) sign this digest under the key's public point. */
export function verifyEcdsa(material: EcMaterial, digest: Uint8Array, signature: Uint8Array): boolean {
  const curve = CURVES[material.crv];
  const { n, bytes } = curve;
  if (signature.length !== 2 * bytes) return false;

  const [r, s] = [toInteger(signature.subarray(0, bytes)), toInteger(signature.subarray(bytes))];
  if (r < 1n || r >= n || s < 1n || s >= n) return false;

  const w = inverse(s, n);
  const x = xOfSum(curve, modulo(toInteger(digest) * w, n), modulo(r * w, n), pointOf(material));
  return x !== undefined && x % n === r;
}

/** Whether `d` belongs to the public point. */
export function isEcPair(material: EcMaterial): boolean {
  const { x, y } = pointOf(material);
  try {
    const derived = publicPoint(CURVES[material.crv], Buffer.from(material.d, 'base64url'));
    return derived.x === x && derived.y === y;
  } catch {
    return false;
  }
}

const pointOf = ({ x, y }: EcMaterial): Point => ({ x: integer(x), y: integer(y) });

const integer = (base64url: string) => toInteger(Buffer.from(base64url, 'base64url'));
