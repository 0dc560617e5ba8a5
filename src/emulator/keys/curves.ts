import { createECDH } from 'node:crypto';
import type { CurveName } from './record.ts';

/** A curve y² = x³ + ax + b over a prime field; b is not needed to compute with its points. */
export type Curve = Readonly<{
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
export const CURVES: Readonly<Record<CurveName, Curve>> = {
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

/** A point on a curve. */
export type Point = Readonly<{ x: bigint; y: bigint }>;

/** Jacobian coordinates: x = X / Z², y = Y / Z³; Z is 0 at infinity. They spare an inversion at every step. */
type Jacobian = readonly [X: bigint, Y: bigint, Z: bigint];

const INFINITY: Jacobian = [1n, 1n, 0n];

/**
 * The public point of a private key, computed by OpenSSL.
 *
 * @throws when the private key is 0 or not below the order.
 */
export function publicPoint({ openssl, bytes }: Curve, privateKey: Uint8Array): Point {
  const pair = createECDH(openssl);
  pair.setPrivateKey(privateKey);
  return pointFrom(pair.getPublicKey(), bytes);
}

/** A secret number below the order, drawn by OpenSSL, with its point. */
export function randomPoint({ openssl, bytes }: Curve): { secret: bigint; point: Point } {
  const pair = createECDH(openssl);
  pair.generateKeys();
  return { secret: toInteger(pair.getPrivateKey()), point: pointFrom(pair.getPublicKey(), bytes) };
}

/**
 * The x coordinate of u·G + v·Q, where G is the curve's base point; undefined at infinity. Its timing shows the factors,
 * which are public when a signature is verified.
 */
export function xOfSum(curve: Curve, u: bigint, v: bigint, q: Point): bigint | undefined {
  const base = publicPoint(curve, toBytes(1n, curve.bytes));
  const onlyG: Jacobian = [base.x, base.y, 1n];
  const onlyQ: Jacobian = [q.x, q.y, 1n];
  const both = add(onlyG, onlyQ, curve);

  // Both products at once: one doubling a bit, and one addition where either factor has the bit.
  let sum = INFINITY;
  for (let bit = BigInt(curve.n.toString(2).length - 1); bit >= 0n; bit--) {
    sum = double(sum, curve);
    const [inU, inV] = [(u >> bit) & 1n, (v >> bit) & 1n];
    if (inU || inV) sum = add(sum, inU && inV ? both : inU ? onlyG : onlyQ, curve);
  }

  const [X, , Z] = sum;
  return Z === 0n ? undefined : modulo(X * inverse(Z * Z, curve.p), curve.p);
}

function double([X, Y, Z]: Jacobian, { p, a }: Curve): Jacobian {
  const YY = (Y * Y) % p;
  const S = (4n * X * YY) % p;
  const M = (3n * X * X + a * Z ** 4n) % p;
  const doubledX = modulo(M * M - 2n * S, p);
  return [doubledX, modulo(M * (S - doubledX) - 8n * YY * YY, p), (2n * Y * Z) % p];
}

function add(left: Jacobian, right: Jacobian, curve: Curve): Jacobian {
  const { p } = curve;
  const [[X1, Y1, Z1], [X2, Y2, Z2]] = [left, right];
  if (Z1 === 0n) return right;
  if (Z2 === 0n) return left;

  const [Z1Z1, Z2Z2] = [(Z1 * Z1) % p, (Z2 * Z2) % p];
  const [U1, S1] = [(X1 * Z2Z2) % p, (Y1 * Z2 * Z2Z2) % p];
  const H = modulo(X2 * Z1Z1 - U1, p);
  const R = modulo(Y2 * Z1 * Z1Z1 - S1, p);
  if (H === 0n) return R === 0n ? double(left, curve) : INFINITY;

  const HH = (H * H) % p;
  const HHH = (H * HH) % p;
  const V = (U1 * HH) % p;
  const X = modulo(R * R - HHH - 2n * V, p);
  return [X, modulo(R * (V - X) - S1 * HHH, p), (H * Z1 * Z2) % p];
}

const pointFrom = (uncompressed: Uint8Array, bytes: number): Point => ({
  x: toInteger(uncompressed.subarray(1, 1 + bytes)),
  y: toInteger(uncompressed.subarray(1 + bytes)),
});

/** The remainder that is not negative. */
export const modulo = (value: bigint, by: bigint) => ((value % by) + by) % by;

/** Extended Euclid; `by` is prime and `value` no multiple of it. */
export function inverse(value: bigint, by: bigint): bigint {
  let [a, b, x, y] = [modulo(value, by), by, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b - quotient * a, a, y - quotient * x, x];
  }
  return modulo(x, by);
}

export const toInteger = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);

/** Big-endian, padded to a length in bytes. */
export const toBytes = (value: bigint, length: number) => Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
