import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { badParameter, given, parseBody } from '../objects/body.ts';
import { type Handler, ServiceError } from '../service.ts';
import { type Cipher, type CipherOutput, encryptionCipher, signer, wrappingCipher } from './algorithms.ts';
import { base64urlBytes, toBase64url } from './base64url.ts';
import { keyId } from './bundle.ts';
import { keyDisabled, keyExpired, keyNotYetValid, operationNotPermitted } from './errors.ts';
import type { KeyMaterial, KeyOperation, KeyVersion } from './record.ts';
import { type KeyCall, keyHandler, liveVersion, type NamedVersion } from './session.ts';

const cipherBody = z.object({
  alg: z.string(),
  value: base64urlBytes,
  iv: given(base64urlBytes),
  tag: given(base64urlBytes),
  aad: given(base64urlBytes),
});
const signBody = z.object({ alg: z.string(), value: base64urlBytes });
const verifyBody = z.object({ alg: z.string(), digest: base64urlBytes, value: base64urlBytes });
const randomBody = z.object({ count: z.int().min(1).max(128) });

/** What protects or signs something new is refused outside a key's validity; what reads something old is not. */
const NEEDS_VALIDITY: ReadonlySet<KeyOperation> = new Set(['encrypt', 'sign', 'wrapKey']);

/** `POST /keys/{name}/{version}/encrypt` and its counterparts; without a version the newest is used. */
export const encrypt = cipherHandler('encrypt', 'keys/encrypt/action', encryptionCipher, 'seal');
export const decrypt = cipherHandler('decrypt', 'keys/decrypt/action', encryptionCipher, 'open');
export const wrapKey = cipherHandler('wrapKey', 'keys/wrap/action', wrappingCipher, 'seal');
export const unwrapKey = cipherHandler('unwrapKey', 'keys/unwrap/action', wrappingCipher, 'open');

/** `POST /keys/{name}/{version}/sign`: signs a digest, which must have the algorithm's length. */
export const sign = keyHandler('keys/sign/action', (call) => {
  const { alg, value: digest } = parseBody(signBody, call.request.body);
  const { name, version } = usableVersion(call, 'sign');
  const { sign, digestBytes } = signer(alg, version.material);
  checkDigest(digest, digestBytes);
  return { status: 200, body: { kid: keyId(call.request.origin, name, version.version), value: toBase64url(sign(digest)) } };
});

/** `POST /keys/{name}/{version}/verify`: a signature that does not fit is an answer, not an error. */
export const verify = keyHandler('keys/verify/action', (call) => {
  const { alg, digest, value: signature } = parseBody(verifyBody, call.request.body);
  const { version } = usableVersion(call, 'verify');
  const { verify, digestBytes } = signer(alg, version.material);
  checkDigest(digest, digestBytes);
  return { status: 200, body: { value: verify(digest, signature) } };
});

/** `POST /rng`: random bytes from the HSM. */
export const randomNumbers: Handler = (request, _params, service) => {
  service.authorize(request.caller, 'rng/action', '/');
  const { count } = parseBody(randomBody, request.body);
  return { status: 200, body: { value: toBase64url(randomBytes(count)) } };
};

function cipherHandler(
  operation: KeyOperation,
  dataAction: string,
  cipherFor: (algorithm: string, material: KeyMaterial) => Cipher,
  direction: keyof Cipher,
): Handler {
  return keyHandler(dataAction, (call) => {
    const { alg, ...input } = parseBody(cipherBody, call.request.body);
    const { name, version } = usableVersion(call, operation);
    const cipher = cipherFor(alg, version.material);
    const { value, iv, tag, aad } = guarded(operation, () => cipher[direction](input));

    const kid = keyId(call.request.origin, name, version.version);
    return { status: 200, body: { aad: optional(aad), iv: optional(iv), kid, tag: optional(tag), value: toBase64url(value) } };
  });
}

/** OpenSSL's reasons stay inside, as they do in an HSM: telling them apart helps attackers. */
function guarded(operation: KeyOperation, work: () => CipherOutput): CipherOutput {
  try {
    return work();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw badParameter(`Operation ${operation} failed: the value is not one that this key and algorithm can work on.`);
  }
}

/** @throws {ServiceError} 404, or 403 when the version is disabled, not permitted to do this, or outside its validity. */
function usableVersion(call: KeyCall, operation: KeyOperation): NamedVersion {
  const named = liveVersion(call);
  const refusal = refusalOf(named.version, operation, call.now);
  if (refusal) throw refusal;
  return named;
}

function refusalOf({ attributes: { enabled, nbf, exp }, keyOps }: KeyVersion, operation: KeyOperation, now: number) {
  if (!enabled) return keyDisabled(operation);
  if (!keyOps.includes(operation)) return operationNotPermitted(operation);
  if (!NEEDS_VALIDITY.has(operation)) return undefined;
  if (nbf !== undefined && now < nbf) return keyNotYetValid(operation);
  if (exp !== undefined && now >= exp) return keyExpired(operation);
  return undefined;
}

function checkDigest(digest: Uint8Array, bytes: number): void {
  if (digest.length !== bytes) throw badParameter(`This algorithm takes a digest of ${bytes} bytes, not of ${digest.length}.`);
}

const optional = (bytes: Uint8Array | undefined) => bytes && toBase64url(bytes);
