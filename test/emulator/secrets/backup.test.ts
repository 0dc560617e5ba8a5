import { describe, expect, test } from 'vitest';
import { secretRoutes } from '../../../src/emulator/secrets/routes.ts';
import { serviceHarness } from '../../support/service-harness.ts';

const vault = () => serviceHarness({ kind: 'vault', routes: secretRoutes });

describe('backup and restore', () => {
  test('bring back every version with its identifier, value and times', async () => {
    const { json, send, advance } = vault();
    const first = await json('PUT', '/secrets/s', { value: 'first', tags: { t: '1' } });
    advance(60_000);
    await json('PUT', '/secrets/s', { value: 'second', attributes: { enabled: false } });
    const { value: blob } = await json('POST', '/secrets/s/backup');
    const before = await json('GET', '/secrets/s/versions');
    await json('DELETE', '/secrets/s');
    advance(5_000);
    await send('DELETE', '/deletedsecrets/s');
    advance(5_000);

    const restored = await json('POST', '/secrets/restore', { value: blob });

    expect(restored).not.toHaveProperty('value');
    expect(await json('GET', '/secrets/s/versions')).toEqual(before);
    expect((await json('GET', `/secrets/s/${first.id.split('/').at(-1)}`)).value).toBe('first');
    expect(restored.attributes).toMatchObject({ enabled: false });
  });

  test('conflict while the secret exists, is deleted, or was purged a moment ago', async () => {
    const { json, send, refusal, advance } = vault();
    await json('PUT', '/secrets/s', { value: 'v' });
    const { value } = await json('POST', '/secrets/s/backup');
    const conflict = { status: 409, code: 'Conflict', message: expect.stringContaining("There was a conflict restoring the secret '") };

    expect(await refusal('POST', '/secrets/restore', { value })).toMatchObject(conflict);
    await json('DELETE', '/secrets/s');
    advance(5_000);
    expect(await refusal('POST', '/secrets/restore', { value })).toMatchObject(conflict);
    await send('DELETE', '/deletedsecrets/s');
    expect(await refusal('POST', '/secrets/restore', { value })).toMatchObject(conflict);
  });

  test('show no value in the blob', async () => {
    const { json } = vault();
    await json('PUT', '/secrets/s', { value: 'needle-in-the-blob' });

    const { value } = await json('POST', '/secrets/s/backup');

    expect(value).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(Buffer.from(value, 'base64url').toString('latin1')).not.toContain('needle');
  });

  test('refuse a blob that was changed, cut, or made by another emulator', async () => {
    const { json, refusal } = vault();
    await json('PUT', '/secrets/s', { value: 'v' });
    const { value } = await json('POST', '/secrets/s/backup');
    const foreign = vault();
    await foreign.json('PUT', '/secrets/other', { value: 'v' });
    const { value: foreignBlob } = await foreign.json('POST', '/secrets/other/backup');
    const changed = Buffer.from(value, 'base64url');
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;

    for (const blob of [changed.toString('base64url'), value.slice(0, 40), 'AAAA', foreignBlob]) {
      expect(await refusal('POST', '/secrets/restore', { value: blob })).toMatchObject({
        status: 400,
        code: 'Malformed backup blob',
        message: 'Backup blob contains invalid or corrupt version.',
      });
    }
  });

  test('work across the vaults of one emulator', async () => {
    const { json, service } = vault();
    const { id } = await json('PUT', '/secrets/s', { value: 'v' });
    const { value } = await json('POST', '/secrets/s/backup');
    const other = serviceHarness({ kind: 'vault', routes: secretRoutes, name: 'fabrikam', db: service.db });

    const restored = await other.json('POST', '/secrets/restore', { value });

    expect(new URL(restored.id).pathname).toBe(new URL(id).pathname);
    expect((await other.json('GET', '/secrets/s')).value).toBe('v');
  });

  test('of an unknown secret find nothing', async () => {
    expect(await vault().refusal('POST', '/secrets/unknown/backup')).toMatchObject({ status: 404, code: 'SecretNotFound' });
  });
});
