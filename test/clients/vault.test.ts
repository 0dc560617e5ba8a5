import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { azureVault } from '../../src/clients/azure-vault.ts';
import { RefusedError, TransientError } from '../../src/clients/errors.ts';
import type { Vault } from '../../src/clients/vault.ts';
import { Sensitive } from '../../src/domain/rotation/sensitive.ts';
import { all, managedIdentity } from '../support/azure-clients.ts';
import { startTestEmulator, type TestEmulator } from '../support/emulator.ts';

let emulator: TestEmulator;
let vault: Vault;
beforeAll(async () => {
  emulator = await startTestEmulator();
  // The adapter takes no TLS options: on Azure none are needed, and the host's process is given the emulator's authority.
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  vault = azureVault('contoso-kv', emulator.ready.vaults['contoso-kv'] ?? '', managedIdentity(emulator));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await emulator?.stop();
});
afterEach(() => emulator.control.clearFaults());

const value = (text: string) => new Sensitive(text);
const write = (name: string, text = 'canary') => vault.write(name, { value: value(text), tags: { owner: 'team' } });

describe('a vault', () => {
  test('keeps versions with their tags, content type and expiry', async () => {
    const expiresAt = '2030-01-01T00:00:00.000Z';
    const first = await vault.write('db', { value: value('one'), tags: { a: '1' }, contentType: 'text/x', expiresAt });
    const second = await write('db', 'two');

    const current = await vault.read('db');
    expect(current).toMatchObject({
      status: 'found',
      facts: { name: 'db', version: second.version, tags: { owner: 'team' }, expiresAt: null },
    });
    expect(current.status === 'found' && current.value.equals(value('two'))).toBe(true);
    expect(await vault.read('db', first.version)).toMatchObject({ facts: { tags: { a: '1' }, contentType: 'text/x', expiresAt } });
    expect((await vault.versions('db')).map(({ version }) => version).sort()).toEqual([first.version, second.version].sort());
    expect((await all(vault.list())).map(({ name }) => name)).toContain('db');
  });

  test('changes what is asked of a version and leaves the rest', async () => {
    const { version } = await write('changed');
    await vault.update('changed', version, { expiresAt: '2030-01-01T00:00:00.000Z' });
    const changed = await vault.update('changed', version, { tags: { b: '2' }, enabled: false });
    expect(changed).toMatchObject({ enabled: false, tags: { b: '2' }, expiresAt: '2030-01-01T00:00:00.000Z' });
  });

  test('tells a missing secret from a disabled one', async () => {
    const { version } = await write('off');
    await vault.update('off', version, { enabled: false });
    expect(await vault.read('off')).toEqual({ status: 'disabled' });
    expect(await vault.read('never-was')).toEqual({ status: 'missing' });
    expect(await vault.versions('never-was')).toEqual([]);
  });

  test('shows no value, however a reading is printed', async () => {
    await write('hidden');
    const reading = await vault.read('hidden');
    expect(inspect(reading, { depth: 9 })).not.toContain('canary');
    expect(() => JSON.stringify(reading)).toThrow();
  });

  test('is asked once who gives tokens, however many begin at once', async () => {
    const url = emulator.ready.vaults['contoso-kv'] ?? '';
    const fresh = azureVault('contoso-kv', url, managedIdentity(emulator));
    const before = (await emulator.control.requests()).length;
    await Promise.all(['one', 'two', 'three'].map((name) => fresh.read(name)));
    const statuses = (await emulator.control.requests())
      .slice(before)
      .flatMap(({ target, status }) => (target === 'vault' ? [status] : []));
    expect(statuses.toSorted()).toEqual([401, 404, 404, 404].toSorted());
  });

  test('costs one request a call, after one challenge', async () => {
    const before = (await emulator.control.requests()).length;
    await write('counted');
    await vault.read('counted');
    const said = (await emulator.control.requests()).slice(before).map(({ method, path, status }) => `${method} ${path} ${status}`);
    expect(said).toEqual(['PUT /secrets/counted 200', 'GET /secrets/counted 200']);
  });
});

describe('a vault that does not do as it is asked', () => {
  const refusing = (status: number, code: string, inner?: string) =>
    emulator.control.fault({
      match: { method: '*', path: '/secrets/*' },
      times: 10,
      action: 'answer',
      status,
      body: { error: { code, message: 'could not take canary', ...(inner && { innererror: { code: inner } }) } },
    });

  test.each([
    [403, 'Forbidden', 'ForbiddenByRbac', /lacks a right \(ForbiddenByRbac\)/],
    [403, 'Forbidden', 'ForbiddenByFirewall', /firewall/],
    [401, 'Unauthorized', undefined, /token/],
    [409, 'Conflict', 'ObjectIsDeletedButRecoverable', /ObjectIsDeletedButRecoverable/],
    [400, 'BadParameter', undefined, /BadParameter/],
  ])('by %i %s is a refusal that tells why', async (status, code, inner, told) => {
    await refusing(status, code, inner);
    for (const call of [() => write('x'), () => vault.read('x'), () => vault.update('x', 'a', { enabled: true })]) {
      const error = await call().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RefusedError);
      expect((error as RefusedError).problem.message).toMatch(told);
      expect(inspect(error, { depth: 9 })).not.toContain('canary');
    }
  });

  test.each([429, 500, 503])('by %i may do so later', async (status) => {
    await refusing(status, 'Later');
    const error = await vault.read('x').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransientError);
    expect((error as Error).cause).toBeUndefined();
  });

  test('when listing says so too', async () => {
    await emulator.control.fault({ match: { method: 'GET', path: '/secrets' }, times: 10, action: 'answer', status: 403, body: {} });
    // Of a list the official client does not hand on the inner code.
    await expect(all(vault.list())).rejects.toBeInstanceOf(RefusedError);
  });

  test('and loses the answer to a write, has it once or twice with the same value', async () => {
    await emulator.control.fault({ match: { method: 'PUT', path: '/secrets/lost' }, times: 1, action: 'dropAfter' });
    await write('lost').catch(() => undefined);
    const versions = await vault.versions('lost');
    expect(versions.length).toBeLessThanOrEqual(2);
    expect(await vault.read('lost')).toMatchObject({ status: 'found' });
  });
});
