import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { keyRoutes } from '../../../src/emulator/keys/routes.ts';
import { exportKeys, importKeys, restoreKey } from '../../../src/emulator/keys/store.ts';
import { serviceHarness } from '../../support/service-harness.ts';

const db = () => new DatabaseSync(':memory:');
const hsm = (database: DatabaseSync, name = 'contoso') => serviceHarness({ kind: 'hsm', routes: keyRoutes, db: database, name });

const value = Buffer.alloc(32, 7).toString('base64url');

/** Two live keys, `a` with two versions and `b`, and the deleted key `gone`. */
async function filled(name?: string) {
  const harness = hsm(db(), name);
  for (const key of ['a', 'a', 'b', 'gone']) await harness.json('POST', `/keys/${key}/create`, { kty: 'oct', tags: { of: key } });
  await harness.json('DELETE', '/keys/gone');
  return harness;
}

/** What a backup makes of the records: they travel as JSON. */
const carried = <T>(records: T): T => JSON.parse(JSON.stringify(records));

describe('exportKeys', () => {
  test('holds live keys with all versions, and what they need to work elsewhere', async () => {
    const source = await filled();
    const wrapped = await source.json('POST', '/keys/a/wrapkey', { alg: 'A256KW', value });

    const records = carried(exportKeys(source.service.db, 'contoso'));

    expect(records.map(({ name, versions }) => [name, versions.length])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    const target = hsm(db(), 'fabrikam');
    importKeys(target.service.db, 'fabrikam', records, { replaceAll: true });
    const unwrapped = await target.json('POST', `${new URL(wrapped.kid).pathname}/unwrapkey`, { alg: 'A256KW', value: wrapped.value });
    expect(unwrapped.value).toBe(value);
    expect((await target.json('GET', '/keys/b')).attributes).toEqual((await source.json('GET', '/keys/b')).attributes);
  });
});

describe('importKeys', () => {
  test('replaces everything, deleted keys included', async () => {
    const { service, json, refusal } = await filled();
    const records = exportKeys(service.db, 'contoso').filter(({ name }) => name === 'a');
    await json('POST', '/keys/a/create', { kty: 'oct' });

    importKeys(service.db, 'contoso', records, { replaceAll: true });

    expect(exportKeys(service.db, 'contoso')).toEqual(records);
    expect(await refusal('GET', '/deletedkeys/gone')).toMatchObject({ status: 404 });
  });

  test('leaves another HSM of the same emulator alone', async () => {
    const first = await filled();
    const second = hsm(first.service.db, 'fabrikam');
    await second.json('POST', '/keys/own/create', { kty: 'oct' });

    importKeys(first.service.db, 'contoso', [], { replaceAll: true });

    expect(exportKeys(first.service.db, 'contoso')).toEqual([]);
    expect(exportKeys(first.service.db, 'fabrikam')).toHaveLength(1);
  });

  test('without replaceAll keeps the keys that are there', async () => {
    const { service } = await filled();
    const before = exportKeys(service.db, 'contoso');
    const other = await filled('fabrikam');

    importKeys(service.db, 'contoso', exportKeys(other.service.db, 'fabrikam'), { replaceAll: false });

    expect(exportKeys(service.db, 'contoso')).toEqual(before);
  });

  test('changes nothing when a record is broken', async () => {
    const { service } = await filled();
    const before = exportKeys(service.db, 'contoso');
    const [broken] = before.map(({ name, versions }) => ({ name, versions: [...versions, ...versions] }));

    expect(() => importKeys(service.db, 'contoso', broken ? [broken] : [], { replaceAll: true })).toThrow();

    expect(exportKeys(service.db, 'contoso')).toEqual(before);
  });

  test('works inside a transaction of the caller', async () => {
    const { service } = await filled();
    const records = exportKeys(service.db, 'contoso');

    service.db.exec('begin');
    importKeys(service.db, 'contoso', [], { replaceAll: true });
    service.db.exec('rollback');

    expect(exportKeys(service.db, 'contoso')).toEqual(records);
  });
});

describe('restoreKey', () => {
  test('brings back one purged key with all its versions and nothing else', async () => {
    const { service, json, send } = await filled();
    const records = carried(exportKeys(service.db, 'contoso'));
    for (const name of ['a', 'b']) {
      await json('DELETE', `/keys/${name}`);
      await send('DELETE', `/deletedkeys/${name}`);
    }

    expect(restoreKey(service.db, 'contoso', 'A', records)).toEqual({ restored: 2, couldNotOverwrite: 0 });

    expect(exportKeys(service.db, 'contoso')).toEqual(records.filter(({ name }) => name === 'a'));
  });

  test('does not overwrite a live or a deleted key', async () => {
    const { service, json } = await filled();
    const records = exportKeys(service.db, 'contoso');

    expect(restoreKey(service.db, 'contoso', 'a', records)).toEqual({ restored: 0, couldNotOverwrite: 2 });
    await json('DELETE', '/keys/a');
    expect(restoreKey(service.db, 'contoso', 'a', records)).toEqual({ restored: 0, couldNotOverwrite: 2 });
  });

  test('counts nothing for a key that the backup does not hold', async () => {
    const { service } = await filled();

    expect(restoreKey(service.db, 'contoso', 'unknown', exportKeys(service.db, 'contoso'))).toEqual({ restored: 0, couldNotOverwrite: 0 });
  });
});
