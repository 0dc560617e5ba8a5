import { createECDH } from 'node:crypto';
import type { CurveName, KeyMaterial } from './record.ts';

/*
 * ECDSA over a digest that the caller has computed. node:crypto only signs messages, so the equations of FIPS 186-5 stand
 * here; multiplying the base point by a secret is left to OpenSSL (an ECDH key pair is just that).
 */
type Curve = Readonly<{
  /** OpenSSL's name. */
  openssl: string;
  /** Length of a coordinate and of half a signature. */
  bytes: number;
  /** Prime of the field, order of the base point, and the curve's coefficient a. */
  p: bigint;
  n: bigint;
  a: bigint;
}>;

/** @see https://doi.org/10.6028/NIST.SP.800-186 and https://www.secg.org/sec2-v2.pdf (secp256k1) */
const CURVES: Readonly<Record<CurveName, Curve>> = {
  'P-256': {
    openssl: 'prime256v1',
    bytes: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    a: -3n,
  },
  'P-384': {
    openssl: 'secp384r1',
    bytes: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    a: -3n,
  },
  'P-521': {
    openssl: 'secp521r1',
    bytes: 66,
    p: 2n ** 521n - 1n,
    n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    a: -3n,
  },
  'P-256K': {
    openssl: 'secp256k1',
    bytes: 32,
    p: 2n ** 256n - 2n ** 32n - 977n,
    n: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
    a: 0n,
  },
};

type EcMaterial = Extract<KeyMaterial, { kty: 'EC' }>;

/** An affine point; undefined is the point at infinity. */
type Point = Readonly<{ x: bigint; y: bigint }> | undefined;

/** Signs a digest; the signature is r and s side by side (IEEE P1363), each as long as a coordinate. */
export function signEcdsa({ crv, d }: EcMaterial, digest: Uint8Array): Uint8Array {
  const curve = CURVES[crv];
  const { n, bytes } = curve;

  for (;;) {
    const nonce = createECDH(curve.openssl);
    nonce.generateKeys();
    const k = toInteger(nonce.getPrivateKey());
    const r = toInteger(nonce.getPublicKey().subarray(1, 1 + bytes)) % n;
    const s = modulo(inverse(k, n) * (leftmost(digest, n) + r * toInteger(Buffer.from(d, 'base64url'))), n);
    if (r !== 0n && s !== 0n) return Buffer.concat([toBytes(r, bytes), toBytes(s, bytes)]);
  }
}

/** Whether r and s (IEEE P1363) sign this digest under the key's public point. */
export function verifyEcdsa({ crv, x, y }: EcMaterial, digest: Uint8Array, signature: Uint8Array): boolean {
  const curve = CURVES[crv];
  const { n, bytes } = curve;
  if (signature.length !== 2 * bytes) return false;

  const [r, s] = [toInteger(signature.subarray(0, bytes)), toInteger(signature.subarray(bytes))];
  if (r < 1n || r >= n || s < 1n || s >= n) return false;

  const w = inverse(s, n);
  const publicPoint = { x: toInteger(Buffer.from(x, 'base64url')), y: toInteger(Buffer.from(y, 'base64url')) };
  const fromDigest = multiply(basePoint(curve), modulo(leftmost(digest, n) * w, n), curve);
  const fromKey = multiply(publicPoint, modulo(r * w, n), curve);
  const sum = add(fromDigest, fromKey, curve);
  return sum !== undefined && sum.x % n === r;
}

/** Whether `d` belongs to the public point. */
export function isEcPair({ crv, x, y, d }: EcMaterial): boolean {
  const curve = CURVES[crv];
  try {
    const publicPoint = pointOf(curve, Buffer.from(d, 'base64url'));
    return publicPoint.x === toInteger(Buffer.from(x, 'base64url')) && publicPoint.y === toInteger(Buffer.from(y, 'base64url'));
  } catch {
    return false;
  }
}

/** The curve's generator: the public point of the private key 1. */
const basePoint = (curve: Curve) => pointOf(curve, toBytes(1n, curve.bytes));

/** @throws when the private key is 0 or not below the order. */
function pointOf({ openssl, bytes }: Curve, privateKey: Uint8Array): NonNullable<Point> {
  const pair = createECDH(openssl);
  pair.setPrivateKey(privateKey);
  const uncompressed = pair.getPublicKey();
  return { x: toInteger(uncompressed.subarray(1, 1 + bytes)), y: toInteger(uncompressed.subarray(1 + bytes)) };
}

/** Double and add; its timing shows the factor, which in a verification is public. */
function multiply(point: Point, factor: bigint, curve: Curve): Point {
  let [sum, power, rest]: [Point, Point, bigint] = [undefined, point, factor];
  for (; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = add(sum, power, curve);
    power = add(power, power, curve);
  }
  return sum;
}

function add(a: Point, b: Point, curve: Curve): Point {
  if (!a || !b) return a ?? b;
  const { p } = curve;
  if (a.x === b.x && (a.y + b.y) % p === 0n) return undefined;

  const slope = a.x === b.x ? (3n * a.x * a.x + curve.a) * inverse(2n * a.y, p) : (b.y - a.y) * inverse(b.x - a.x, p);
  const x = modulo(slope * slope - a.x - b.x, p);
  return { x, y: modulo(slope * (a.x - x) - a.y, p) };
}

/** The digest's leftmost bits, as many as the order has. */
function leftmost(digest: Uint8Array, n: bigint): bigint {
  const surplus = digest.length * 8 - n.toString(2).length;
  return surplus > 0 ? toInteger(digest) >> BigInt(surplus) : toInteger(digest);
}

const modulo = (value: bigint, by: bigint) => ((value % by) + by) % by;

/** Extended Euclid; `by` is prime and `value` no multiple of it. */
function inverse(value: bigint, by: bigint): bigint {
  let [a, b, x, y] = [modulo(value, by), by, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b - quotient * a, a, y - quotient * x, x];
  }
  return modulo(x, by);
}

const toInteger = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);

const toBytes = (value: bigint, length: number) => Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
