import { constants, createHash, createPublicKey, verify as nodeVerify, publicEncrypt, randomBytes } from 'node:crypto';
import { KnownKeyOperations } from '@azure/keyvault-keys';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all, azureClients, managedIdentity } from '../../support/azure-clients.ts';
import { startTestEmulator, type TestEmulator } from '../../support/emulator.ts';

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator();
});
afterAll(() => emulator.stop());

const FAST = { intervalInMs: 10 };
const client = () => azureClients(emulator).keys('contoso-hsm');
const cryptography = ({ id }: { id?: string | undefined }) => azureClients(emulator).cryptography(id ?? '');

const message = Buffer.from('a message of no importance');
const digest = (bits: number) => createHash(`sha${bits}`).update(message).digest();

describe('the official keys client', () => {
  test('makes keys of each kind', async () => {
    const keys = client();

    for (const keySize of [2048, 3072, 4096]) {
      const { key, keyType } = await keys.createRsaKey(`rsa-${keySize}`, { keySize, hsm: true });
      expect([keyType, key?.n?.length]).toEqual(['RSA-HSM', keySize / 8]);
    }
    for (const curve of ['P-256', 'P-384', 'P-521', 'P-256K']) {
      expect(await keys.createEcKey(`ec-${curve}`, { curve, hsm: true })).toMatchObject({ keyType: 'EC-HSM', key: { crv: curve } });
    }
    for (const keySize of [128, 192, 256]) {
      expect(await keys.createOctKey(`oct-${keySize}`, { keySize, hsm: true })).toMatchObject({ keyType: 'oct-HSM' });
    }
  });

  test('lists keys by pages, and reads and updates versions', async () => {
    const keys = client();
    for (let index = 0; index < 30; index++) await keys.createOctKey(`listed-${String(index).padStart(2, '0')}`, { keySize: 256 });
    const first = await keys.createEcKey('versions', { tags: { t: '1' } });
    const second = await keys.createEcKey('versions');

    const listed = (await all(keys.listPropertiesOfKeys())).map(({ name }) => name).filter((name) => name.startsWith('listed-'));
    expect(listed).toHaveLength(30);
    expect((await all(keys.listPropertiesOfKeyVersions('versions'))).map(({ version }) => version).toSorted()).toEqual(
      [first.properties.version, second.properties.version].toSorted(),
    );
    expect((await keys.getKey('versions')).id).toBe(second.id);
    const version = first.properties.version ?? '';
    expect(await keys.getKey('versions', { version })).toMatchObject({ id: first.id, properties: { tags: { t: '1' } } });
    const updated = await keys.updateKeyProperties('versions', version, { enabled: false, keyOps: [KnownKeyOperations.Verify] });
    expect(updated).toMatchObject({ keyOperations: ['verify'], properties: { enabled: false, tags: { t: '1' } } });
  });

  test('deletes, recovers, deletes again and purges', async () => {
    const keys = client();
    const { id } = await keys.createEcKey('passing');

    const deleted = await (await keys.beginDeleteKey('passing', FAST)).pollUntilDone();
    expect(deleted.properties.recoveryId).toContain('/deletedkeys/passing');
    expect((await all(keys.listDeletedKeys())).map(({ name }) => name)).toContain('passing');
    await expect(keys.createEcKey('passing')).rejects.toMatchObject({ statusCode: 409, code: 'Conflict' });

    await (await keys.beginRecoverDeletedKey('passing', FAST)).pollUntilDone();
    expect((await keys.getKey('passing')).id).toBe(id);

    await (await keys.beginDeleteKey('passing', FAST)).pollUntilDone();
    await keys.purgeDeletedKey('passing');
    await expect(keys.getDeletedKey('passing')).rejects.toMatchObject({ statusCode: 404 });
    expect((await keys.createEcKey('passing')).id).not.toBe(id);
  });

  test('backs up a key and restores it under a free name only', async () => {
    const keys = client();
    const { id } = await keys.createEcKey('kept');
    const backup = (await keys.backupKey('kept')) ?? new Uint8Array();

    await expect(keys.restoreKeyBackup(backup)).rejects.toMatchObject({ statusCode: 409 });
    await (await keys.beginDeleteKey('kept', FAST)).pollUntilDone();
    await keys.purgeDeletedKey('kept');

    expect((await keys.restoreKeyBackup(backup)).id).toBe(id);
  });

  test('imports a key and draws random numbers', async () => {
    const keys = client();
    const secret = randomBytes(32);
    await keys.importKey('imported', { kty: 'oct-HSM', k: secret, keyOps: ['wrapKey', 'unwrapKey'] });

    const wrapping = cryptography(await keys.getKey('imported'));
    const { result } = await wrapping.wrapKey('A256KW', secret);

    expect(Buffer.from((await wrapping.unwrapKey('A256KW', result)).result)).toEqual(secret);
    expect(await keys.getRandomBytes(32)).toHaveLength(32);
  });

  test('rotates a key', async () => {
    const keys = client();
    const before = await keys.createEcKey('rotated', { curve: 'P-384' });

    const after = await keys.rotateKey('rotated');

    expect(after.key?.crv).toBe('P-384');
    expect(after.id).not.toBe(before.id);
  });

  test('is refused what its role does not allow', async () => {
    const { clientId } = await emulator.control.principal({
      name: 'reader',
      roles: [{ hsm: 'contoso-hsm', scope: '/keys', dataActions: ['Microsoft.KeyVault/managedHsm/keys/read/action'] }],
    });
    await client().createEcKey('guarded');
    const keys = azureClients(emulator, managedIdentity(emulator, clientId)).keys('contoso-hsm');

    expect((await keys.getKey('guarded')).name).toBe('guarded');
    await expect(keys.createEcKey('guarded')).rejects.toMatchObject({ statusCode: 403, code: 'AccessDenied' });
  });
});

describe('the official cryptography client', () => {
  test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])('signs with %s what it then verifies', async (algorithm) => {
    const signing = cryptography(await client().createRsaKey('signing'));
    const bits = Number(algorithm.slice(2));

    const { result } = await signing.sign(algorithm, digest(bits));

    expect(await signing.verify(algorithm, digest(bits), result)).toMatchObject({ result: true });
    // The client verifies data by itself, and takes every RSA signature for PKCS #1.
    if (algorithm.startsWith('RS')) expect(await signing.verifyData(algorithm, message, result)).toMatchObject({ result: true });
  });

  test.each([
    ['ES256', 'P-256', 256],
    ['ES384', 'P-384', 384],
    ['ES512', 'P-521', 512],
    ['ES256K', 'P-256K', 256],
  ])('signs with %s what it then verifies', async (algorithm, curve, bits) => {
    const signing = cryptography(await client().createEcKey('signing-ec', { curve }));

    const { result } = await signing.sign(algorithm, digest(bits));

    expect(await signing.verify(algorithm, digest(bits), result)).toMatchObject({ result: true });
    result[8] = (result[8] ?? 0) ^ 1;
    expect(await signing.verify(algorithm, digest(bits), result)).toMatchObject({ result: false });
  });

  test('gives a public key that OpenSSL verifies with', async () => {
    const created = await client().createRsaKey('public');
    const { n, e } = created.key ?? {};
    const jwk = { kty: 'RSA', n: Buffer.from(n ?? []).toString('base64url'), e: Buffer.from(e ?? []).toString('base64url') };
    const { result } = await cryptography(created).sign('PS256', digest(256));

    const padding = constants.RSA_PKCS1_PSS_PADDING;
    expect(nodeVerify('sha256', message, { key: createPublicKey({ key: jwk, format: 'jwk' }), padding }, result)).toBe(true);
  });

  test.each(['RSA-OAEP', 'RSA-OAEP-256', 'RSA1_5'] as const)(
    'decrypts and unwraps with %s what was made with the public key',
    async (algorithm) => {
      const encrypting = cryptography(await client().createRsaKey('encrypting'));

      const { result } = await encrypting.encrypt({ algorithm, plaintext: message });
      expect(Buffer.from((await encrypting.decrypt({ algorithm, ciphertext: result })).result)).toEqual(message);
      const wrapped = await encrypting.wrapKey(algorithm, message);
      expect(Buffer.from((await encrypting.unwrapKey(algorithm, wrapped.result)).result)).toEqual(message);
    },
  );

  test.each([128, 192, 256] as const)('encrypts in the HSM with AES of %d bits', async (keySize) => {
    const encrypting = cryptography(await client().createOctKey(`aes-${keySize}`, { keySize }));
    const plaintext = randomBytes(32);
    const additionalAuthenticatedData = Buffer.from('context');

    const gcm = await encrypting.encrypt({ algorithm: `A${keySize}GCM`, plaintext, additionalAuthenticatedData });
    const { iv, authenticationTag } = gcm;
    const opened = await encrypting.decrypt({
      algorithm: `A${keySize}GCM`,
      ciphertext: gcm.result,
      iv: iv ?? new Uint8Array(),
      authenticationTag: authenticationTag ?? new Uint8Array(),
      additionalAuthenticatedData,
    });
    expect(Buffer.from(opened.result)).toEqual(plaintext);

    for (const mode of ['CBC', 'CBCPAD'] as const) {
      const algorithm = `A${keySize}${mode}` as const;
      // Given here: the client means to draw it, but does not.
      const cbc = await encrypting.encrypt({ algorithm, plaintext, iv: randomBytes(16) });
      expect(Buffer.from((await encrypting.decrypt({ algorithm, ciphertext: cbc.result, iv: cbc.iv ?? new Uint8Array() })).result)).toEqual(
        plaintext,
      );
    }

    const wrapped = await encrypting.wrapKey(`A${keySize}KW`, plaintext);
    expect(Buffer.from((await encrypting.unwrapKey(`A${keySize}KW`, wrapped.result)).result)).toEqual(plaintext);
  });

  test('is refused the use of a disabled key, and a ciphertext that is none', async () => {
    const keys = client();
    const disabled = await keys.createRsaKey('disabled', { enabled: false });
    const fine = await keys.createRsaKey('fine');

    await expect(cryptography(disabled).sign('RS256', digest(256))).rejects.toMatchObject({ statusCode: 403, code: 'Forbidden' });
    const jwk = { kty: 'RSA', n: Buffer.from(disabled.key?.n ?? []).toString('base64url'), e: 'AQAB' };
    const foreign = publicEncrypt({ key: createPublicKey({ key: jwk, format: 'jwk' }), oaepHash: 'sha256' }, message);
    await expect(cryptography(fine).decrypt({ algorithm: 'RSA-OAEP-256', ciphertext: foreign })).rejects.toMatchObject({
      statusCode: 400,
      code: 'BadParameter',
    });
  });

  test('has RSA encryption and verification done by the HSM too, where a caller asks it to', async () => {
    const { id } = await client().createRsaKey('remote');
    const post = async (operation: string, body: object) =>
      (await emulator.send(`${id}/${operation}?api-version=7.6`, { method: 'POST', body })).body;
    const value = message.toString('base64url');

    for (const alg of ['RSA-OAEP', 'RSA-OAEP-256', 'RSA1_5']) {
      const encrypted = await post('encrypt', { alg, value });
      expect(await post('decrypt', { alg, value: encrypted.value })).toMatchObject({ kid: id, value });
    }
    const signed = await post('sign', { alg: 'PS256', value: digest(256).toString('base64url') });
    expect(await post('verify', { alg: 'PS256', digest: digest(256).toString('base64url'), value: signed.value })).toEqual({ value: true });
  });
});
