import { describe, expect, test } from 'vitest';
import { secretRoutes } from '../../../src/emulator/secrets/routes.ts';
import type { ServiceTraits } from '../../../src/emulator/service.ts';
import { serviceHarness } from '../../support/service-harness.ts';

const vault = (traits?: ServiceTraits) => serviceHarness({ kind: 'vault', routes: secretRoutes, ...(traits && { traits }) });

const versionOf = (bundle: { id: string }) => bundle.id.split('/').at(-1) ?? '';

describe('set and get', () => {
  test('answers the new version with its value, its attributes and nothing that is unset', async () => {
    const { json, origin, now } = vault();

    const set = await json('PUT', '/secrets/db-password', { value: 'first' });

    expect(JSON.parse(JSON.stringify(set))).toEqual({
      value: 'first',
      id: expect.stringMatching(`^${origin}/secrets/db-password/[0-9a-f]{32}$`),
      attributes: { enabled: true, created: now(), updated: now(), recoveryLevel: 'Recoverable+Purgeable', recoverableDays: 90 },
    });
  });

  test('keeps content type, tags and validity', async () => {
    const { json } = vault();
    const given = {
      value: 'v',
      contentType: 'text/plain',
      tags: { team: 'data' },
      attributes: { enabled: true, nbf: 1, exp: 4_000_000_000 },
    };
    await json('PUT', '/secrets/s', given);

    const got = await json('GET', '/secrets/s');

    expect(got).toMatchObject({ ...given });
  });

  test('reads the newest version without one in the path, and every older one by its identifier', async () => {
    const { json } = vault();
    const first = await json('PUT', '/secrets/s', { value: 'first' });
    await json('PUT', '/secrets/s', { value: 'second' });

    expect((await json('GET', '/secrets/s/')).value).toBe('second');
    expect((await json('GET', `/secrets/s/${versionOf(first)}`)).value).toBe('first');
  });

  test('tells apart no two names that differ in letter case only, and keeps the case of the first', async () => {
    const { json, origin } = vault();
    await json('PUT', '/secrets/Db-Password', { value: 'first' });

    const second = await json('PUT', '/secrets/DB-PASSWORD', { value: 'second' });

    expect(second.id).toContain(`${origin}/secrets/Db-Password/`);
    expect((await json('GET', '/secrets/db-password')).value).toBe('second');
    expect((await json('GET', '/secrets')).value).toHaveLength(1);
  });

  test('takes an empty value', async () => {
    const { json } = vault();

    expect((await json('PUT', '/secrets/s', { value: '' })).value).toBe('');
  });

  test('takes 25600 characters and refuses one more', async () => {
    const { send, refusal } = vault();

    expect(await send('PUT', '/secrets/s', { value: 'x'.repeat(25_600) })).toMatchObject({ status: 200 });
    expect(await refusal('PUT', '/secrets/s', { value: 'x'.repeat(25_601) })).toMatchObject({
      status: 400,
      code: 'BadParameter',
      inner: 'SecretTooLarge',
      message: 'Secret is beyond the maximum permitted length of 25600 characters.',
    });
  });

  test.each([
    ['a 16th tag', { value: 'v', tags: Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`tag${index}`, 'v'])) }, ''],
    ['a long tag', { value: 'v', tags: { t: 'x'.repeat(513) } }, ''],
    ['a long content type', { value: 'v', contentType: 'x'.repeat(256) }, 'Property: contentType'],
    ['a time that is none', { value: 'v', attributes: { exp: 'soon' } }, 'Property: attributes.exp'],
    ['a body without a value', {}, 'Property: value'],
  ])('refuses %s', async (_what, body, named) => {
    const { status, code, message } = await vault().refusal('PUT', '/secrets/s', body);

    expect({ status, code, message }).toEqual({ status: 400, code: 'BadParameter', message: `Property has invalid value\r\n${named}` });
  });

  test.each(['under_score', 'dot.ted', 'x'.repeat(128)])('refuses the name %s', async (name) => {
    const { refusal } = vault();

    expect(await refusal('PUT', `/secrets/${name}`, { value: 'v' })).toMatchObject({
      status: 400,
      code: 'BadParameter',
      message: `The request URI contains an invalid name: ${name}`,
    });
  });

  test('refuses to set a secret without a name', async () => {
    expect(await vault().refusal('PUT', '/secrets/', { value: 'v' })).toMatchObject({
      status: 405,
      code: 'MethodNotAllowed',
      message: 'HTTP PUT not allowed',
    });
  });

  test('says that an unknown secret, or an unknown version of a known one, was not found', async () => {
    const { json, refusal } = vault();
    await json('PUT', '/secrets/known', { value: 'v' });

    for (const path of ['/secrets/unknown', `/secrets/known/${'0'.repeat(32)}`]) {
      expect(await refusal('GET', path)).toMatchObject({
        status: 404,
        code: 'SecretNotFound',
        message: expect.stringContaining('was not found in this key vault'),
      });
    }
  });

  test('does not give out a disabled secret, but an expired one', async () => {
    const { json, refusal } = vault();
    await json('PUT', '/secrets/disabled', { value: 'v', attributes: { enabled: false } });
    await json('PUT', '/secrets/expired', { value: 'v', attributes: { exp: 1_000_000_000 } });

    expect(await refusal('GET', '/secrets/disabled')).toMatchObject({
      status: 403,
      code: 'Forbidden',
      inner: 'SecretDisabled',
      message: 'Operation get is not allowed on a disabled secret.',
    });
    expect((await json('GET', '/secrets/expired')).value).toBe('v');
  });

  test('cannot turn an ordinary secret into a certificate', async () => {
    const { json, refusal } = vault();
    await json('PUT', '/secrets/s', { value: 'v' });

    expect(await refusal('GET', '/secrets/s?outContentType=application/x-pkcs12')).toMatchObject({
      status: 400,
      code: 'BadParameter',
      message: "The 'Unsupported' to 'PFX' transformation is not supported. Only PFX to PEM transformation is supported.",
    });
  });
});

describe('update', () => {
  test('merges attributes, replaces tags, moves the time of update and leaves the value out', async () => {
    const { json, advance, now } = vault();
    const set = await json('PUT', '/secrets/s', {
      value: 'v',
      attributes: { nbf: 5, exp: 4_000_000_000 },
      tags: { a: '1', b: '2' },
      contentType: 'old',
    });
    const created = now();
    advance(10_000);

    const updated = await json('PATCH', `/secrets/s/${versionOf(set)}`, {
      attributes: { enabled: false },
      tags: { b: '3' },
      contentType: 'new',
    });

    expect(updated).toMatchObject({ id: set.id, tags: { b: '3' }, contentType: 'new' });
    expect(updated.attributes).toMatchObject({ enabled: false, nbf: 5, exp: 4_000_000_000, created, updated: created + 10 });
    expect(updated).not.toHaveProperty('value');
    expect(updated.tags).not.toHaveProperty('a');
  });

  test('changes the newest version without one in the path, also a disabled one', async () => {
    const { json } = vault();
    await json('PUT', '/secrets/s', { value: 'old' });
    const newest = await json('PUT', '/secrets/s', { value: 'new', attributes: { enabled: false } });

    expect((await json('PATCH', '/secrets/s/', { attributes: { enabled: true } })).id).toBe(newest.id);
    expect((await json('GET', '/secrets/s')).value).toBe('new');
  });
});

describe('lists', () => {
  test('lists secrets by name ignoring case, without version and value', async () => {
    const { json, origin } = vault();
    for (const name of ['b', 'C', 'a']) await json('PUT', `/secrets/${name}`, { value: 'v', tags: { of: name } });

    const { value, nextLink } = await json('GET', '/secrets');

    expect(value.map((item: { id: string }) => item.id)).toEqual(['a', 'b', 'C'].map((name) => `${origin}/secrets/${name}`));
    expect(value[0]).toMatchObject({ tags: { of: 'a' }, attributes: { enabled: true } });
    expect(value[0]).not.toHaveProperty('value');
    expect(nextLink).toBeNull();
  });

  test('follows nextLink through pages of the size asked for, each with its api-version', async () => {
    const { json, origin } = vault();
    for (let index = 0; index < 7; index++) await json('PUT', `/secrets/s${index}`, { value: 'v' });

    const pages: string[][] = [];
    for (let link: string | null = '/secrets?api-version=7.6&maxresults=3'; link; ) {
      const page: { value: Array<{ id: string }>; nextLink: string | null } = await json('GET', link);
      pages.push(page.value.map(({ id }) => id.split('/').at(-1) ?? ''));
      link = page.nextLink;
      if (link) expect(link).toMatch(`${origin}/secrets?api-version=7.6&$skiptoken=`);
    }

    expect(pages).toEqual([['s0', 's1', 's2'], ['s3', 's4', 's5'], ['s6']]);
  });

  test('puts an empty page with a nextLink between two pages when the instance is set up so', async () => {
    const { json } = vault({ emptyPages: true });
    for (let index = 0; index < 3; index++) await json('PUT', `/secrets/s${index}`, { value: 'v' });

    const sizes: number[] = [];
    for (let link: string | null = '/secrets?maxresults=2'; link; ) {
      const page: { value: unknown[]; nextLink: string | null } = await json('GET', link);
      sizes.push(page.value.length);
      link = page.nextLink;
    }

    expect(sizes).toEqual([2, 0, 1]);
  });

  test('lists versions by identifier, and none of an unknown name', async () => {
    const { json } = vault();
    const made: string[] = [];
    for (let index = 0; index < 5; index++) made.push((await json('PUT', '/secrets/s', { value: 'v' })).id);

    const { value } = await json('GET', '/secrets/s/versions');

    expect(value.map((item: { id: string }) => item.id)).toEqual(made.toSorted());
    expect(await json('GET', '/secrets/unknown/versions')).toEqual({ value: [], nextLink: null });
  });

  test.each(['0', '26', 'many'])('refuses %s as a size of pages', async (size) => {
    expect(await vault().refusal('GET', `/secrets?maxresults=${size}`)).toMatchObject({ status: 400, code: 'BadParameter' });
  });

  test('refuses a skip token that is not its own', async () => {
    expect(await vault().refusal('GET', '/secrets?$skiptoken=bm9uc2Vuc2U')).toMatchObject({ status: 400, code: 'BadParameter' });
  });
});
