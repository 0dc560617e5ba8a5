import { constants, createHash, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import { CANARY_BITS, type Canary, type CanaryDocument, canaryPath } from '../domain/canary.ts';
import { parseDocument } from '../domain/documents.ts';
import { OperatorError } from '../domain/errors.ts';
import type { BlobStore } from './blob-store.ts';
import type { RsaPublicKey } from './canary-keys.ts';
import { RefusedError } from './errors.ts';
import type { ManagedHsm } from './managed-hsm.ts';

/** `made`: the document is new, or of a newer version of the key; `kept`: it was there already. */
export type MadeCanary = Readonly<{ status: 'made' | 'kept'; canary: CanaryDocument }>;

/**
 * Sees to it that an HSM has a canary key, and that a ciphertext and a signature of its newest version lie beside the backups. Idempotent.
 *
 * @param hsm With the rights to create, read and sign with this one key. What is encrypted is encrypted here, with its public part.
 * @param store The container of the HSM's backups.
 * @param now ISO 8601 UTC.
 * @throws {OperatorError} when a key of that name is there that is no RSA key; {RefusedError}, {TransientError} as the clients.
 */
export async function makeCanary(hsm: ManagedHsm, store: BlobStore, key: string, now: string): Promise<MadeCanary> {
  if (!(await hsm.canary.newest(key))) await hsm.canary.create(key, CANARY_BITS);
  const newest = await hsm.canary.newest(key);
  if (!newest) throw new OperatorError(`${hsm.name} has no key ${key} although it was made just now.`, 'Try again in a moment.');
  if (newest.rsaBits === null || newest.rsaBits < CANARY_BITS)
    throw new OperatorError(
      `Key ${key} of ${hsm.name} is no RSA key of ${CANARY_BITS} bits, so it cannot be the canary.`,
      'Name another key as "drill": {"canaryKey": …}; it is made where it is not there.',
    );

  const known = await readCanary(store, hsm.name);
  if (known?.key === newest.key && known.version === newest.version) return { status: 'kept', canary: known };

  const plaintext = randomBytes(32);
  const digest = createHash('sha256').update(randomBytes(32)).digest();
  const canary: CanaryDocument = {
    schema: 'hsmkeep.canary/1',
    hsm: hsm.name,
    madeAt: now,
    key: newest.key,
    version: newest.version,
    ciphertext: encryptFor(newest.publicKey, plaintext).toString('base64url'),
    plaintextSha256: createHash('sha256').update(plaintext).digest('hex'),
    digest: digest.toString('base64url'),
    signature: Buffer.from(await hsm.canary.sign(newest, digest)).toString('base64url'),
  };
  await store.write(canaryPath(hsm.name), JSON.stringify(canary));
  return { status: 'made', canary };
}

/** The canary of an HSM; undefined before it was set up. */
export async function readCanary(store: BlobStore, hsm: string): Promise<CanaryDocument | undefined> {
  const path = canaryPath(hsm);
  const document = await store.read(path);
  return document && parseDocument<CanaryDocument>(document.text, 'hsmkeep.canary/1', path);
}

/** How a canary that was brought back stands the test: both have to hold. */
export type CanaryTest = Readonly<{ decrypts: boolean; verifies: boolean }>;

/** Uses the canary key of an HSM. A key that the HSM uses and that gives something else fails the test; one that is not there is refused. */
export async function testCanary(hsm: ManagedHsm, canary: Canary): Promise<CanaryTest> {
  const [plaintext, verifies] = await Promise.all([
    unlessInvalid(hsm.canary.decrypt(canary, bytes(canary.ciphertext))),
    unlessInvalid(hsm.canary.verify(canary, bytes(canary.digest), bytes(canary.signature))),
  ]);
  const isSame = plaintext !== undefined && createHash('sha256').update(plaintext).digest('hex') === canary.plaintextSha256;
  return { decrypts: isSame, verifies: verifies === true };
}

/** @see https://www.rfc-editor.org/rfc/rfc7518#section-4.3 (RSA-OAEP-256) */
const encryptFor = ({ n, e }: RsaPublicKey, plaintext: Buffer): Buffer =>
  publicEncrypt(
    {
      key: createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
    },
    plaintext,
  );

const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64url');

/** Undefined when the HSM says that it cannot do this with what it was given. */
async function unlessInvalid<T>(using: Promise<T>): Promise<T | undefined> {
  try {
    return await using;
  } catch (error) {
    if (error instanceof RefusedError && error.refusal.kind === 'invalid') return undefined;
    throw error;
  }
}
