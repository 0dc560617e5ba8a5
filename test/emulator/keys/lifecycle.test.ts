import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keyRoutes } from '../../../src/emulator/keys/routes.ts';
import type { ServiceTraits } from '../../../src/emulator/service.ts';
import { serviceHarness } from '../../support/service-harness.ts';

const hsm = (options: { traits?: ServiceTraits; denied?: string[] } = {}) => serviceHarness({ kind: 'hsm', routes: keyRoutes, ...options });

const EC = { kty: 'EC', crv: 'P-256' };
const DAY_MS = 86_400_000;

describe('create', () => {
  test('answers an RSA key of 2048 bits as an HSM writes it: fields in alphabetical order', async () => {
    const { json, origin, now } = hsm();

    const created = JSON.parse(JSON.stringify(await json('POST', '/keys/wrapping/create', { kty: 'RSA' })));

    expect(created).toEqual({
      attributes: {
        created: now(),
        enabled: true,
        exportable: false,
        recoverableDays: 90,
        recoveryLevel: 'Recoverable+Purgeable',
        updated: now(),
      },
      key: {
        e: 'AQAB',
        key_ops: ['wrapKey', 'decrypt', 'encrypt', 'unwrapKey', 'sign', 'verify'],
        kid: expect.stringMatching(`^${origin}/keys/wrapping/[0-9a-f]{32}$`),
        kty: 'RSA-HSM',
        n: expect.any(String),
      },
    });
    expect(Buffer.from(created.key.n, 'base64url')).toHaveLength(256);
    for (const part of [created, created.attributes, created.key]) expect(Object.keys(part)).toEqual(Object.keys(part).toSorted());
  });

  test.each([3072, 4096])('makes RSA keys of %d bits', async (bits) => {
    const { key } = await hsm().json('POST', '/keys/k/create', { kty: 'RSA-HSM', key_size: bits });

    expect(Buffer.from(key.n, 'base64url')).toHaveLength(bits / 8);
  });

  test.each(['P-256', 'P-384', 'P-521', 'P-256K'])('makes EC keys on %s', async (crv) => {
    const { key } = await hsm().json('POST', '/keys/k/create', { kty: 'EC-HSM', crv });

    expect(key).toMatchObject({ kty: 'EC-HSM', crv, key_ops: ['sign', 'verify'], x: expect.any(String), y: expect.any(String) });
    expect(key).not.toHaveProperty('d');
  });

  test.each([128, 192, 256])('makes secret keys of %d bits and shows nothing of them', async (bits) => {
    const { key } = await hsm().json('POST', '/keys/k/create', { kty: 'oct', key_size: bits });

    expect(Object.keys(key)).toEqual(['key_ops', 'kid', 'kty']);
    expect(key.kty).toBe('oct-HSM');
  });

  test('keeps operations, attributes and tags', async () => {
    const { json } = hsm();
    const attributes = { enabled: false, nbf: 5, exp: 4_000_000_000, exportable: true };

    const created = await json('POST', '/keys/k/create', { ...EC, key_ops: ['sign'], attributes, tags: { team: 'data' } });

    expect(created).toMatchObject({ attributes, tags: { team: 'data' }, key: { key_ops: ['sign'] } });
  });

  test('makes a new version under a name that exists, whatever its letter case', async () => {
    const { json, origin } = hsm();
    await json('POST', '/keys/Canary/create', EC);

    const second = await json('POST', '/keys/canary/create', EC);

    expect(second.key.kid).toContain(`${origin}/keys/Canary/`);
    expect((await json('GET', '/keys/canary/')).key.kid).toBe(second.key.kid);
    expect((await json('GET', '/keys/canary/versions')).value).toHaveLength(2);
  });

  test.each([
    { kty: 'RSA', key_size: 1024 },
    { kty: 'EC', crv: 'P-224' },
    { kty: 'oct', key_size: 512 },
    { kty: 'DSA' },
    {},
    { ...EC, key_ops: ['fly'] },
  ])('refuses %j', async (body) => {
    expect(await hsm().refusal('POST', '/keys/k/create', body)).toMatchObject({ status: 400, code: 'BadParameter' });
  });
});

describe('import', () => {
  const jwk = (kind: 'rsa' | 'ec') =>
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
      : generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' });

  test('takes RSA, EC and secret keys that were made elsewhere', async () => {
    const { json } = hsm();
    const [rsa, ec] = [jwk('rsa'), jwk('ec')];

    expect((await json('PUT', '/keys/rsa', { key: rsa })).key).toMatchObject({ kty: 'RSA-HSM', n: rsa.n });
    expect((await json('PUT', '/keys/ec', { key: { ...ec, kty: 'EC-HSM', key_ops: ['sign'] } })).key).toMatchObject({
      crv: 'P-384',
      x: ec.x,
      key_ops: ['sign'],
    });
    expect((await json('PUT', '/keys/oct', { key: { kty: 'oct-HSM', k: Buffer.alloc(32, 7).toString('base64url') } })).key.kty).toBe(
      'oct-HSM',
    );
  });

  test('refuses keys whose parts do not match, of a wrong size, or without a private part', async () => {
    const { refusal } = hsm();
    const [rsa, ec] = [jwk('rsa'), jwk('ec')];
    const wrong = [
      { ...rsa, n: jwk('rsa').n },
      generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'jwk' }),
      { ...ec, x: jwk('ec').x },
      { kty: 'oct', k: 'AAAA' },
      { kty: 'EC', crv: 'P-384', x: ec.x, y: ec.y },
    ];

    for (const key of wrong) expect(await refusal('PUT', '/keys/k', { key })).toMatchObject({ status: 400, code: 'BadParameter' });
  });
});

describe('update', () => {
  test('merges attributes, replaces operations and tags, and moves the time of update', async () => {
    const { json, advance, now } = hsm();
    const created = await json('POST', '/keys/k/create', { ...EC, attributes: { nbf: 5 }, tags: { a: '1' } });
    const createdAt = now();
    advance(10_000);

    const updated = await json('PATCH', new URL(created.key.kid).pathname, {
      attributes: { enabled: false },
      key_ops: ['verify'],
      tags: { b: '2' },
    });

    expect(updated).toMatchObject({
      attributes: { enabled: false, nbf: 5, created: createdAt, updated: createdAt + 10 },
      key: { key_ops: ['verify'] },
    });
    expect(updated.tags).toEqual({ b: '2' });
    expect(await json('GET', '/keys/k')).toEqual(updated);
  });
});

describe('rotate', () => {
  test('makes a version of the same kind and size', async () => {
    const { json } = hsm();
    const before = await json('POST', '/keys/k/create', { kty: 'RSA', key_size: 3072, key_ops: ['sign'], tags: { t: '1' } });

    const after = await json('POST', '/keys/k/rotate');

    expect(after).toMatchObject({ tags: { t: '1' }, key: { key_ops: ['sign'] } });
    expect(after.key.n).not.toBe(before.key.n);
    expect(after.key.n).toHaveLength(before.key.n.length);
  });
});

describe('lists', () => {
  test('come by pages, keys by name without version and material', async () => {
    const { json, origin } = hsm();
    for (const name of ['c', 'a', 'B']) await json('POST', `/keys/${name}/create`, EC);

    const first = await json('GET', '/keys?api-version=7.6&maxresults=2');
    const second = await json('GET', first.nextLink);

    expect(first.value.map((item: { kid: string }) => item.kid)).toEqual([`${origin}/keys/a`, `${origin}/keys/B`]);
    expect(first.value[0]).not.toHaveProperty('key');
    expect(second).toMatchObject({ value: [{ kid: `${origin}/keys/c` }], nextLink: null });
  });

  test('name versions by their identifiers, in the order of these', async () => {
    const { json } = hsm();
    const made: string[] = [];
    for (let index = 0; index < 3; index++) made.push((await json('POST', '/keys/k/create', EC)).key.kid);

    expect((await json('GET', '/keys/k/versions')).value.map((item: { kid: string }) => item.kid)).toEqual(made.toSorted());
  });
});

describe('delete', () => {
  test('takes effect at once and holds the name until the key is recovered or purged', async () => {
    const { json, refusal, origin, now } = hsm();
    const created = await json('POST', '/keys/k/create', EC);

    const deleted = await json('DELETE', '/keys/k');

    expect(deleted).toMatchObject({
      ...created,
      deletedDate: now(),
      recoveryId: `${origin}/deletedkeys/k`,
      scheduledPurgeDate: now() + 90 * 86_400,
    });
    expect(Object.keys(deleted)).toEqual(Object.keys(deleted).toSorted());
    expect(await json('GET', '/deletedkeys/k')).toEqual(deleted);
    expect((await json('GET', '/deletedkeys')).value).toMatchObject([{ kid: `${origin}/keys/k`, recoveryId: `${origin}/deletedkeys/k` }]);
    expect((await json('GET', '/keys')).value).toEqual([]);
    expect(await refusal('GET', '/keys/k')).toMatchObject({ status: 404, code: 'KeyNotFound' });
    expect(await refusal('DELETE', '/keys/k')).toMatchObject({ status: 404 });
    expect(await refusal('POST', '/keys/K/create', EC)).toMatchObject({
      status: 409,
      code: 'Conflict',
      inner: 'ObjectIsDeletedButRecoverable',
    });
    expect(await refusal('PUT', '/keys/k', { key: { kty: 'oct', k: Buffer.alloc(32, 7).toString('base64url') } })).toMatchObject({
      status: 409,
    });
  });

  test('can be undone, with every version', async () => {
    const { json, refusal } = hsm();
    await json('POST', '/keys/k/create', EC);
    const newest = await json('POST', '/keys/k/create', EC);
    await json('DELETE', '/keys/k');

    expect(await json('POST', '/deletedkeys/k/recover')).toEqual(newest);

    expect((await json('GET', '/keys/k/versions')).value).toHaveLength(2);
    expect(await refusal('GET', '/deletedkeys/k')).toMatchObject({ status: 404 });
    expect(await refusal('POST', '/deletedkeys/k/recover')).toMatchObject({ status: 404 });
  });

  test('becomes final by a purge, or when the retention is over', async () => {
    const { json, send, refusal, advance } = hsm({ traits: { recoverableDays: 7 } });
    for (const name of ['purged', 'overdue']) {
      await json('POST', `/keys/${name}/create`, EC);
      await json('DELETE', `/keys/${name}`);
    }

    expect(await send('DELETE', '/deletedkeys/purged')).toEqual({ status: 204 });
    expect(await refusal('DELETE', '/deletedkeys/purged')).toMatchObject({ status: 404 });
    expect(await send('POST', '/keys/purged/create', EC)).toMatchObject({ status: 200 });
    expect(await send('GET', '/deletedkeys/overdue')).toMatchObject({ status: 200 });
    advance(7 * DAY_MS);
    expect(await refusal('GET', '/deletedkeys/overdue')).toMatchObject({ status: 404 });
    expect((await json('GET', '/keys/purged/versions')).value).toHaveLength(1);
  });

  test('cannot be made final under purge protection', async () => {
    const { json, refusal } = hsm({ traits: { purgeProtection: true } });
    await json('POST', '/keys/k/create', EC);
    await json('DELETE', '/keys/k');

    expect(await refusal('DELETE', '/deletedkeys/k')).toMatchObject({ status: 403, code: 'Forbidden' });
  });
});

describe('backup of one key', () => {
  test('restores every version with its identifier and times, once the name is free', async () => {
    const { json, send, refusal, advance } = hsm();
    const oldest = await json('POST', '/keys/k/create', EC);
    advance(60_000);
    await json('POST', '/keys/k/create', EC);
    const before = await json('GET', '/keys/k/versions');
    const { value } = await json('POST', '/keys/k/backup');

    expect(await refusal('POST', '/keys/restore', { value })).toMatchObject({ status: 409, code: 'Conflict' });
    await json('DELETE', '/keys/k');
    expect(await refusal('POST', '/keys/restore', { value })).toMatchObject({ status: 409 });
    await send('DELETE', '/deletedkeys/k');
    await json('POST', '/keys/restore', { value });

    expect(await json('GET', '/keys/k/versions')).toEqual(before);
    expect(await json('GET', new URL(oldest.key.kid).pathname)).toEqual(oldest);
  });

  test('refuses a blob that is none', async () => {
    expect(await hsm().refusal('POST', '/keys/restore', { value: 'bm9uZQ' })).toMatchObject({ status: 400, code: 'BadParameter' });
  });
});

describe('rights', () => {
  const needed: Array<[string, string, unknown, string]> = [
    ['POST', '/keys/k/create', EC, 'keys/create on /keys/k'],
    ['PUT', '/keys/k', {}, 'keys/import/action on /keys/k'],
    ['GET', '/keys', undefined, 'keys/read/action on /keys'],
    ['GET', '/keys/k', undefined, 'keys/read/action on /keys/k'],
    ['GET', '/keys/k/versions', undefined, 'keys/read/action on /keys/k'],
    ['PATCH', '/keys/k', {}, 'keys/write/action on /keys/k'],
    ['DELETE', '/keys/k', undefined, 'keys/delete on /keys/k'],
    ['POST', '/keys/k/rotate', undefined, 'keys/rotate/action on /keys/k'],
    ['POST', '/keys/k/backup', undefined, 'keys/backup/action on /keys/k'],
    ['POST', '/keys/restore', {}, 'keys/restore/action on /keys'],
    ['GET', '/deletedkeys', undefined, 'keys/deletedKeys/read/action on /keys'],
    ['GET', '/deletedkeys/k', undefined, 'keys/deletedKeys/read/action on /keys/k'],
    ['POST', '/deletedkeys/k/recover', undefined, 'keys/deletedKeys/recover/action on /keys/k'],
    ['DELETE', '/deletedkeys/k', undefined, 'keys/deletedKeys/delete on /keys/k'],
    ...['encrypt', 'decrypt', 'sign', 'verify'].map((name): [string, string, unknown, string] => [
      'POST',
      `/keys/k/v/${name}`,
      {},
      `keys/${name}/action on /keys/k`,
    ]),
    ['POST', '/keys/k/v/wrapkey', {}, 'keys/wrap/action on /keys/k'],
    ['POST', '/keys/k/v/unwrapkey', {}, 'keys/unwrap/action on /keys/k'],
    ['POST', '/rng', {}, 'rng/action on /'],
  ];

  test.each(needed)('%s %s is refused before anything is looked at', async (method, path, body, right) => {
    const { refusal, authorized } = hsm({ denied: [right.split(' on ')[0] ?? ''] });

    expect(await refusal(method, path, body)).toMatchObject({ status: 403, code: 'AccessDenied' });
    expect(authorized).toEqual([right]);
  });
});
