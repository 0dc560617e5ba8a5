import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  sign as nodeSign,
  verify as nodeVerify,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptionCipher, signer, wrappingCipher } from '../../../src/emulator/keys/algorithms.ts';
import { generateMaterial, privateKeyOf, publicKeyOf } from '../../../src/emulator/keys/material.ts';
import type { CurveName, KeyMaterial } from '../../../src/emulator/keys/record.ts';

const rsa = await generateMaterial({ kty: 'RSA', sizeBits: 2048 });
const aes = (bits: 128 | 192 | 256): KeyMaterial => ({ kty: 'oct', k: randomBytes(bits / 8).toString('base64url') });

const message = Buffer.from('a message of no importance');
const digestOf = (bits: string) => createHash(`sha${bits}`).update(message).digest();

/** The same bytes but for one bit, in the middle. */
function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}

describe('RSA signatures', () => {
  const padding = {
    RS: { padding: constants.RSA_PKCS1_PADDING },
    PS: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  };
  const algorithms = (['RS', 'PS'] as const).flatMap((scheme) => ['256', '384', '512'].map((bits) => [scheme, bits] as const));

  test.each(algorithms)('%s%s of a digest is what OpenSSL verifies on the message', (scheme, bits) => {
    const signature = signer(`${scheme}${bits}`, rsa).sign(digestOf(bits));

    expect(nodeVerify(`sha${bits}`, message, { key: publicKeyOf(rsa), ...padding[scheme] }, signature)).toBe(true);
  });

  test.each(algorithms)('%s%s verifies what OpenSSL signed, and nothing that differs', (scheme, bits) => {
    const { verify } = signer(`${scheme}${bits}`, rsa);
    const signature = nodeSign(`sha${bits}`, message, { key: privateKeyOf(rsa), ...padding[scheme] });

    expect(verify(digestOf(bits), signature)).toBe(true);
    expect(verify(flipped(digestOf(bits)), signature)).toBe(false);
    expect(verify(digestOf(bits), flipped(signature))).toBe(false);
    expect(verify(digestOf(bits), signature.subarray(1))).toBe(false);
  });
});

describe('ECDSA signatures', () => {
  const algorithms: Array<[string, CurveName, string]> = [
    ['ES256', 'P-256', '256'],
    ['ES384', 'P-384', '384'],
    ['ES512', 'P-521', '512'],
    ['ES256K', 'P-256K', '256'],
  ];

  test.each(algorithms)('%s of a digest is what OpenSSL verifies on the message', async (algorithm, crv, bits) => {
    const material = await generateMaterial({ kty: 'EC', crv });

    const signature = signer(algorithm, material).sign(digestOf(bits));

    expect(nodeVerify(`sha${bits}`, message, { key: publicKeyOf(material), dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  });

  test.each(algorithms)('%s verifies what OpenSSL signed, and nothing that differs', async (algorithm, crv, bits) => {
    const material = await generateMaterial({ kty: 'EC', crv });
    const { verify } = signer(algorithm, material);
    const signature = nodeSign(`sha${bits}`, message, { key: privateKeyOf(material), dsaEncoding: 'ieee-p1363' });

    expect(verify(digestOf(bits), signature)).toBe(true);
    expect(verify(flipped(digestOf(bits)), signature)).toBe(false);
    expect(verify(digestOf(bits), flipped(signature))).toBe(false);
    expect(verify(digestOf(bits), signature.subarray(1))).toBe(false);
    expect(verify(digestOf(bits), new Uint8Array(signature.length))).toBe(false);
  });

  test('verifies a published vector', () => {
    // RFC 6979, A.2.5: P-256, SHA-256 of "sample".
    const material: KeyMaterial = {
      kty: 'EC',
      crv: 'P-256',
      x: Buffer.from('60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6', 'hex').toString('base64url'),
      y: Buffer.from('7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299', 'hex').toString('base64url'),
      d: '',
    };
    const digest = createHash('sha256').update('sample').digest();
    const signature = Buffer.from(
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
      'hex',
    );

    expect(signer('ES256', material).verify(digest, signature)).toBe(true);
  });
});

describe('encryption', () => {
  test.each(['RSA-OAEP', 'RSA-OAEP-256', 'RSA1_5'])('%s returns what it encrypted', (algorithm) => {
    const { seal, open } = encryptionCipher(algorithm, rsa);

    expect(Buffer.from(open(seal({ value: message })).value)).toEqual(message);
  });

  test('RSA-OAEP-256 opens what a client encrypted with the public key', () => {
    const value = publicEncrypt({ key: publicKeyOf(rsa), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, message);

    expect(Buffer.from(encryptionCipher('RSA-OAEP-256', rsa).open({ value }).value)).toEqual(message);
  });

  test.each(['RSA-OAEP', 'RSA-OAEP-256', 'RSA1_5'])('%s throws at a ciphertext that was changed, also at its form', (algorithm) => {
    const { seal, open } = encryptionCipher(algorithm, rsa);

    expect(() => open({ value: flipped(seal({ value: message }).value) })).toThrow();
    expect(() => open({ value: Buffer.alloc(256, 1) })).toThrow();
    expect(() => open({ value: message })).toThrow();
  });

  test('RSA1_5 takes an empty message', () => {
    const { seal, open } = encryptionCipher('RSA1_5', rsa);

    expect(open(seal({ value: new Uint8Array() })).value).toHaveLength(0);
  });

  test.each([128, 192, 256] as const)('A%dGCM returns what it encrypted under its own iv, and throws at any change', (bits) => {
    const { seal, open } = encryptionCipher(`A${bits}GCM`, aes(bits));
    const aad = Buffer.from('context');
    const { value, iv, tag } = seal({ value: message, aad });

    expect(Buffer.from(open({ value, iv, tag, aad }).value)).toEqual(message);
    expect(() => open({ value: flipped(value), iv, tag, aad })).toThrow();
    expect(() => open({ value, iv, tag: flipped(tag ?? message), aad })).toThrow();
    expect(() => open({ value, iv, tag, aad: Buffer.from('other') })).toThrow();
    expect(() => open({ value, iv, tag: tag?.subarray(0, 4), aad })).toThrow();
    expect(seal({ value: message }).iv).not.toEqual(iv);
  });

  test.each([128, 192, 256] as const)('A%dCBC takes whole blocks only, A%dCBCPAD anything', (bits) => {
    const key = aes(bits);
    const [bare, padded] = [encryptionCipher(`A${bits}CBC`, key), encryptionCipher(`A${bits}CBCPAD`, key)];
    const iv = randomBytes(16);
    const blocks = randomBytes(32);

    expect(Buffer.from(bare.open({ value: bare.seal({ value: blocks, iv }).value, iv }).value)).toEqual(blocks);
    expect(() => bare.seal({ value: message, iv })).toThrow();
    expect(Buffer.from(padded.open({ value: padded.seal({ value: message, iv }).value, iv }).value)).toEqual(message);
    expect(() => padded.seal({ value: message })).toThrow('AES-CBC needs an iv of 16 bytes.');
  });
});

describe('key wrap', () => {
  test('wraps as in RFC 3394', () => {
    // Section 4.6: 256 bits of key data under a 256-bit key.
    const kek: KeyMaterial = {
      kty: 'oct',
      k: Buffer.from('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F', 'hex').toString('base64url'),
    };
    const data = Buffer.from('00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F', 'hex');
    const { seal, open } = wrappingCipher('A256KW', kek);

    const { value } = seal({ value: data });

    expect(Buffer.from(value).toString('hex')).toBe('28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21');
    expect(Buffer.from(open({ value }).value)).toEqual(data);
    expect(() => open({ value: flipped(value) })).toThrow();
  });

  test.each([128, 192, 256] as const)('A%dKW returns what it wrapped, and refuses odd lengths', (bits) => {
    const { seal, open } = wrappingCipher(`A${bits}KW`, aes(bits));
    const data = randomBytes(32);

    expect(Buffer.from(open(seal({ value: data })).value)).toEqual(data);
    expect(() => seal({ value: randomBytes(31) })).toThrow();
  });
});

describe('an algorithm that does not suit', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as KeyMaterial;
  const refusal = expect.objectContaining({ status: 400, code: 'BadParameter' });

  test.each(['ES256', 'HS256', 'constructor', ''])('%j is refused for an RSA key', (algorithm) => {
    expect(() => signer(algorithm, rsa)).toThrow(refusal);
  });

  test('is refused for a key of another curve, size or kind', () => {
    expect(() => signer('ES384', ec)).toThrow(refusal);
    expect(() => encryptionCipher('A128GCM', aes(256))).toThrow(refusal);
    expect(() => encryptionCipher('A256KW', aes(256))).toThrow(refusal);
    expect(() => wrappingCipher('A256GCM', aes(256))).toThrow(refusal);
    expect(() => encryptionCipher('RSA-OAEP', ec)).toThrow(refusal);
  });
});

test('a public key shows as one that OpenSSL takes', () => {
  expect(createPublicKey(publicKeyOf(rsa).export({ type: 'spki', format: 'pem' })).asymmetricKeyType).toBe('rsa');
});
