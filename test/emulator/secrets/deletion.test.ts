import { describe, expect, test } from 'vitest';
import { secretRoutes } from '../../../src/emulator/secrets/routes.ts';
import type { ServiceTraits } from '../../../src/emulator/service.ts';
import { serviceHarness } from '../../support/service-harness.ts';

const vault = (options: { traits?: ServiceTraits; timeScale?: number } = {}) =>
  serviceHarness({ kind: 'vault', routes: secretRoutes, ...options });

const DAY_MS = 86_400_000;

/** A vault whose secret `s` was deleted and is past the intermediate state. */
async function vaultWithDeleted(options: { traits?: ServiceTraits } = {}) {
  const harness = vault(options);
  await harness.json('PUT', '/secrets/s', { value: 'v' });
  await harness.json('DELETE', '/secrets/s');
  harness.advance(5_000);
  return harness;
}

describe('delete', () => {
  test('answers when and until when, without the value', async () => {
    const { json, origin, now } = vault();
    await json('PUT', '/secrets/s', { value: 'v' });

    const deleted = await json('DELETE', '/secrets/s');

    expect(deleted).toMatchObject({
      recoveryId: `${origin}/deletedsecrets/s`,
      deletedDate: now(),
      scheduledPurgeDate: now() + 90 * 86_400,
      id: expect.stringContaining(`${origin}/secrets/s/`),
    });
    expect(deleted).not.toHaveProperty('value');
  });

  test('is under way for a while: neither secret nor deleted secret are there, and the name is held', async () => {
    const { json, refusal, advance } = vault();
    await json('PUT', '/secrets/s', { value: 'v' });
    await json('DELETE', '/secrets/s');
    advance(1_000);

    expect(await refusal('GET', '/secrets/s')).toMatchObject({ status: 404, code: 'SecretNotFound' });
    expect(await refusal('GET', '/deletedsecrets/s')).toMatchObject({ status: 404, message: 'Deleted Secret not found: s' });
    expect(await refusal('PUT', '/secrets/s', { value: 'w' })).toMatchObject({
      status: 409,
      code: 'Conflict',
      inner: 'ObjectIsBeingDeleted',
      message: 'Secret s is currently being deleted and cannot be re-created; retry later.',
    });
    expect(await refusal('POST', '/deletedsecrets/s/recover')).toMatchObject({ status: 409, inner: 'ObjectIsBeingDeleted' });
    expect(await refusal('DELETE', '/deletedsecrets/s')).toMatchObject({
      status: 409,
      inner: 'ObjectIsBeingDeleted',
      message: 'Secret is currently being deleted.',
    });
    expect((await json('GET', '/secrets')).value).toEqual([]);
  });

  test('once over shows the deleted secret and still holds the name', async () => {
    const { json, refusal } = await vaultWithDeleted();

    expect(await json('GET', '/deletedsecrets/s')).toMatchObject({ recoveryId: expect.stringContaining('/deletedsecrets/s') });
    expect((await json('GET', '/deletedsecrets')).value).toHaveLength(1);
    expect((await json('GET', '/secrets/s/versions')).value).toEqual([]);
    expect(await refusal('PUT', '/secrets/s', { value: 'w' })).toMatchObject({
      status: 409,
      code: 'Conflict',
      inner: 'ObjectIsDeletedButRecoverable',
      message:
        'Secret s is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.',
    });
  });

  test('is done for the next request when durations are scaled to nothing', async () => {
    const { json, send } = vault({ timeScale: 0 });
    await json('PUT', '/secrets/s', { value: 'v' });
    await json('DELETE', '/secrets/s');

    expect(await send('GET', '/deletedsecrets/s')).toMatchObject({ status: 200 });
    await send('POST', '/deletedsecrets/s/recover');
    expect((await json('GET', '/secrets/s')).value).toBe('v');
  });

  test('of an unknown secret finds nothing', async () => {
    expect(await vault().refusal('DELETE', '/secrets/unknown')).toMatchObject({ status: 404, code: 'SecretNotFound' });
  });
});

describe('recover', () => {
  test('brings the secret back after a while in which its name is held', async () => {
    const { json, refusal, advance } = await vaultWithDeleted();

    expect(await json('POST', '/deletedsecrets/s/recover')).not.toHaveProperty('value');
    expect(await refusal('GET', '/secrets/s')).toMatchObject({ status: 404 });
    expect(await refusal('PUT', '/secrets/s', { value: 'w' })).toMatchObject({ status: 409, inner: 'ObjectIsBeingRecovered' });

    advance(2_000);
    expect((await json('GET', '/secrets/s')).value).toBe('v');
    expect(await refusal('GET', '/deletedsecrets/s')).toMatchObject({ status: 404 });
  });

  test('of a live secret is not allowed, of an unknown one finds nothing', async () => {
    const { json, refusal } = vault();
    await json('PUT', '/secrets/s', { value: 'v' });

    expect(await refusal('POST', '/deletedsecrets/s/recover')).toMatchObject({
      status: 400,
      code: 'MethodNotAllowed',
      inner: 'RequestNotAllowedOnNonDeletedObject',
      message: 'Secret exists already: s',
    });
    expect(await refusal('POST', '/deletedsecrets/unknown/recover')).toMatchObject({ status: 404, code: 'SecretNotFound' });
  });
});

describe('purge', () => {
  test('frees the name a moment later, and nothing of the old secret remains', async () => {
    const { json, send, refusal, advance } = await vaultWithDeleted();

    expect(await send('DELETE', '/deletedsecrets/s')).toEqual({ status: 204 });
    expect(await refusal('GET', '/deletedsecrets/s')).toMatchObject({ status: 404 });
    expect(await refusal('PUT', '/secrets/s', { value: 'w' })).toMatchObject({ status: 409, inner: 'ObjectIsDeletedButRecoverable' });

    advance(1_000);
    await json('PUT', '/secrets/s', { value: 'w' });
    expect((await json('GET', '/secrets/s/versions')).value).toHaveLength(1);
  });

  test('happens by itself when the retention is over', async () => {
    const { json, refusal, advance } = await vaultWithDeleted({ traits: { recoverableDays: 7 } });
    advance(6 * DAY_MS);
    expect((await json('GET', '/deletedsecrets/s')).attributes).toMatchObject({
      recoverableDays: 7,
      recoveryLevel: 'CustomizedRecoverable+Purgeable',
    });

    advance(DAY_MS);
    expect(await refusal('GET', '/deletedsecrets/s')).toMatchObject({ status: 404 });
  });

  test('is refused under purge protection', async () => {
    const { json, refusal } = await vaultWithDeleted({ traits: { purgeProtection: true } });

    expect(await refusal('DELETE', '/deletedsecrets/s')).toMatchObject({ status: 403, code: 'Forbidden' });
    expect((await json('GET', '/deletedsecrets/s')).attributes.recoveryLevel).toBe('Recoverable');
  });

  test('of a live or unknown secret finds nothing', async () => {
    const { json, refusal } = vault();
    await json('PUT', '/secrets/s', { value: 'v' });

    expect(await refusal('DELETE', '/deletedsecrets/s')).toMatchObject({ status: 404 });
    expect(await refusal('DELETE', '/deletedsecrets/unknown')).toMatchObject({ status: 404 });
  });
});
