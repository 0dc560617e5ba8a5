import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keyRoutes } from '../../../src/emulator/keys/routes.ts';
import { serviceHarness } from '../../support/service-harness.ts';

const hsm = () => serviceHarness({ kind: 'hsm', routes: keyRoutes });

const digest = createHash('sha256').update('message').digest('base64url');
const value = randomBytes(16).toString('base64url');
const iv = randomBytes(16).toString('base64url');

/** An HSM with the AES key `aes`, made as told. */
async function hsmWithAes(described: object = {}) {
  const harness = hsm();
  await harness.json('POST', '/keys/aes/create', { kty: 'oct-HSM', key_size: 256, ...described });
  return harness;
}

describe('cryptography with a key', () => {
  test('signs and verifies a digest, and says which version did', async () => {
    const { json } = hsm();
    const { key } = await json('POST', '/keys/k/create', { kty: 'EC', crv: 'P-256' });
    const path = new URL(key.kid).pathname;

    const signed = await json('POST', `${path}/sign`, { alg: 'ES256', value: digest });

    expect(signed).toEqual({ kid: key.kid, value: expect.stringMatching(/^[A-Za-z0-9_-]{86}$/) });
    expect(await json('POST', `${path}/verify`, { alg: 'ES256', digest, value: signed.value })).toEqual({ value: true });
    const other = createHash('sha256').update('other').digest('base64url');
    expect(await json('POST', `${path}/verify`, { alg: 'ES256', digest: other, value: signed.value })).toEqual({ value: false });
  });

  test('encrypts with authentication and returns all that decryption needs', async () => {
    const { json } = await hsmWithAes();
    const aad = Buffer.from('context').toString('base64url');

    const encrypted = await json('POST', '/keys/aes/encrypt', { alg: 'A256GCM', value, aad });
    const { iv, tag } = encrypted;

    expect(encrypted).toMatchObject({ aad, kid: expect.stringContaining('/keys/aes/') });
    expect(await json('POST', '/keys/aes/decrypt', { alg: 'A256GCM', value: encrypted.value, iv, tag, aad })).toMatchObject({ value });
  });

  test('wraps and unwraps with the newest version when the path names none', async () => {
    const { json } = await hsmWithAes();

    const wrapped = await json('POST', '/keys/aes//wrapkey', { alg: 'A256KW', value });

    expect((await json('POST', '/keys/aes/unwrapkey', { alg: 'A256KW', value: wrapped.value })).value).toBe(value);
  });

  test('keeps an older version working', async () => {
    const { json } = await hsmWithAes();
    const wrapped = await json('POST', '/keys/aes/wrapkey', { alg: 'A256KW', value });
    await json('POST', '/keys/aes/rotate');

    const unwrapped = await json('POST', `${new URL(wrapped.kid).pathname}/unwrapkey`, { alg: 'A256KW', value: wrapped.value });

    expect(unwrapped.value).toBe(value);
  });
});

describe('refusals', () => {
  test('of everything with a disabled key', async () => {
    const { refusal } = await hsmWithAes({ attributes: { enabled: false } });

    expect(await refusal('POST', '/keys/aes/decrypt', { alg: 'A256CBC', value, iv })).toMatchObject({
      status: 403,
      code: 'Forbidden',
      inner: 'KeyDisabled',
    });
  });

  test('of an operation that the key does not permit', async () => {
    const { refusal } = await hsmWithAes({ key_ops: ['wrapKey', 'unwrapKey'] });

    expect(await refusal('POST', '/keys/aes/encrypt', { alg: 'A256CBC', value, iv })).toMatchObject({
      status: 403,
      inner: 'KeyOperationForbidden',
      message: 'Operation encrypt is not permitted on this key.',
    });
  });

  test('of new ciphertexts outside the validity, but not of reading old ones', async () => {
    const { send, refusal, now, advance } = hsm();
    const attributes = { nbf: now() + 100, exp: now() + 200 };
    await send('POST', '/keys/aes/create', { kty: 'oct', attributes });
    const encrypting = { alg: 'A256CBC', value, iv };

    expect(await refusal('POST', '/keys/aes/encrypt', encrypting)).toMatchObject({ status: 403, inner: 'KeyNotYetValid' });
    expect(await send('POST', '/keys/aes/decrypt', encrypting)).toMatchObject({ status: 200 });
    advance(100_000);
    expect(await send('POST', '/keys/aes/encrypt', encrypting)).toMatchObject({ status: 200 });
    advance(100_000);
    expect(await refusal('POST', '/keys/aes/encrypt', encrypting)).toMatchObject({ status: 403, inner: 'KeyExpired' });
    expect(await send('POST', '/keys/aes/decrypt', encrypting)).toMatchObject({ status: 200 });
  });

  test.each([
    ['an unknown algorithm', '/keys/aes/encrypt', { alg: 'ROT13', value }],
    ['an algorithm of another operation', '/keys/aes/encrypt', { alg: 'A256KW', value }],
    ['a ciphertext that is none', '/keys/aes/unwrapkey', { alg: 'A256KW', value: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['an iv of the wrong length', '/keys/aes/encrypt', { alg: 'A256CBC', value, iv: 'AAAA' }],
    ['a missing tag', '/keys/aes/decrypt', { alg: 'A256GCM', value, iv }],
    ['an iv chosen by the caller of AES-GCM', '/keys/aes/encrypt', { alg: 'A256GCM', value, iv }],
    ['a value that is no base64url', '/keys/aes/encrypt', { alg: 'A256CBC', value: 'ä+/', iv }],
    ['a missing value', '/keys/aes/encrypt', { alg: 'A256CBC', iv }],
  ])('of %s', async (_what, path, body) => {
    const { refusal } = await hsmWithAes();

    expect(await refusal('POST', path, body)).toMatchObject({ status: 400, code: 'BadParameter' });
  });

  test('of a digest of the wrong length', async () => {
    const { json, refusal } = hsm();
    await json('POST', '/keys/k/create', { kty: 'EC' });

    expect(await refusal('POST', '/keys/k/sign', { alg: 'ES256', value: 'AAAA' })).toMatchObject({ status: 400, code: 'BadParameter' });
  });

  test('of an unknown key or version', async () => {
    const { refusal } = await hsmWithAes();

    for (const path of ['/keys/none/encrypt', `/keys/aes/${'0'.repeat(32)}/encrypt`]) {
      expect(await refusal('POST', path, { alg: 'A256CBC', value, iv })).toMatchObject({ status: 404, code: 'KeyNotFound' });
    }
  });
});

describe('random numbers', () => {
  test('come in the number asked for, 1 to 128', async () => {
    const { json, refusal } = hsm();

    expect(Buffer.from((await json('POST', '/rng', { count: 128 })).value, 'base64url')).toHaveLength(128);
    for (const count of [0, 129, 1.5])
      expect(await refusal('POST', '/rng', { count })).toMatchObject({ status: 400, code: 'BadParameter' });
  });
});
