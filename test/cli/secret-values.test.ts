import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SecretClient } from '@azure/keyvault-secrets';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeReadyFile } from '../support/caller.ts';
import { startTestEmulator, type TestEmulator, VAULT_RESOURCE } from '../support/emulator.ts';
import { emptyFolder, hsmkeep, serveApi } from './support.ts';

const VAULT = 'contoso-kv';
let emulator: TestEmulator;
let folder: string;
let readyFile: string;
let vault: SecretClient;
beforeAll(async () => {
  emulator = await startTestEmulator({ vaults: [VAULT] });
  folder = emptyFolder();
  readyFile = writeReadyFile(emulator, { folder, config: { vaults: [{ name: VAULT, url: emulator.ready.vaults[VAULT] }] } });
  const credential = { getToken: async () => ({ token: await emulator.token(VAULT_RESOURCE), expiresOnTimestamp: Date.now() + 1 }) };
  vault = new SecretClient(emulator.ready.vaults[VAULT] ?? '', credential, {
    disableChallengeResourceVerification: true,
    tlsOptions: { ca: emulator.ca },
  } as object);
});
afterAll(() => emulator?.stop());

const run = (verb: string, name: string, ...more: readonly string[]) =>
  hsmkeep(['secret', verb, `${VAULT}/${name}`, ...more, '--ready-file', readyFile]);
const fileWith = (text: string): string => {
  const file = join(folder, `value-${crypto.randomUUID()}`);
  writeFileSync(file, text);
  return file;
};

describe('secret set and show --reveal', () => {
  test('store a value out of a file, without the line end, and show it and nothing else', async () => {
    const { code, stdout, stderr } = await run('set', 'app-key', '--file', fileWith('canary-value\n'), '--content-type', 'text/plain');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('canary-value');
    expect(await run('show', 'app-key', '--reveal')).toEqual({ code: 0, stdout: 'canary-value\n', stderr: '' });
    expect((await vault.getSecret('app-key')).properties.contentType).toBe('text/plain');
  });

  test('keep tags, but not the marks of a rotation, and show an earlier version', async () => {
    const tags = { owner: 'team', 'rot-provider': 'generated', 'rot-id': 'r1', 'rot-grace-until': '2027-01-01T00:00:00.000Z' };
    const { properties } = await vault.setSecret('managed', 'old', { tags, contentType: 'text/x' });
    const { stderr } = await run('set', 'managed', '--file', fileWith('new'));
    expect(stderr).toContain('hsmkeep rotates this secret');
    const now = (await vault.getSecret('managed')).properties;
    expect([now.tags, now.contentType]).toEqual([{ owner: 'team', 'rot-provider': 'generated' }, 'text/x']);
    expect((await run('show', 'managed', '--reveal', '--version', properties.version ?? '')).stdout).toBe('old\n');
  });

  test.each([
    [['set', 'empty', '--file', 'nothing'], 1, 'holds no value'],
    [['set', 'absent', '--file', '/no/such/file'], 1, 'ENOENT'],
    [['set', 'bare'], 2, '--file'],
    [['show', 'never-was', '--reveal'], 1, 'There is no secret'],
  ])('%j exits %i', async ([verb = '', name = '', ...rest], code, words) => {
    const args = rest.map((arg) => (arg === 'nothing' ? fileWith('\n') : arg));
    expect(await run(verb, name, ...args)).toMatchObject({ code, stderr: expect.stringContaining(words) });
  });

  test('know only vaults of the configuration', async () => {
    const answer = await hsmkeep(['secret', 'show', 'other-kv/x', '--reveal', '--ready-file', readyFile]);
    expect(answer).toMatchObject({ code: 2, stderr: expect.stringContaining(`Configured are: ${VAULT}`) });
  });
});

describe('secret delete, recover, purge', () => {
  test('a deleted name is taken, which is explained; it comes back whole, or ends for good', async () => {
    await vault.setSecret('kept', 'one');
    await vault.setSecret('kept', 'two');
    expect(await run('delete', 'kept')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    const deleted = await run('delete', 'kept', '--yes', '--json');
    expect(JSON.parse(deleted.stdout)).toMatchObject({ name: 'kept', deletedAt: expect.any(String), purgedAt: expect.any(String) });
    expect(deleted.stderr).toContain(`hsmkeep secret recover ${VAULT}/kept`);

    const taken = await run('set', 'kept', '--file', fileWith('three'));
    expect(taken.code).toBe(1);
    expect(taken.stderr).toMatch(/still holds the name[\s\S]*secret recover[\s\S]*secret purge/);

    expect(await run('recover', 'kept')).toMatchObject({ code: 0, stdout: `${VAULT}/kept is back.\n` });
    expect((await run('show', 'kept', '--reveal')).stdout).toBe('two\n');

    await run('delete', 'kept', '--yes');
    expect(await run('purge', 'kept', '--yes')).toMatchObject({ code: 0, stdout: `${VAULT}/kept is gone for good.\n` });
    expect(await run('recover', 'kept')).toMatchObject({ code: 1, stderr: expect.stringContaining('has no such secret') });
  });
});

describe('secret repair, resume, unmanage', () => {
  const env = (url: string) => ({ HSMKEEP_ROTATE_URL: url, HSMKEEP_TOKEN: 't' });

  test.each(['repair', 'resume'])('%s starts a run and tells which', async (verb) => {
    const api = await serveApi({ [`POST /api/secrets/contoso-kv/db/${verb}`]: { status: 202, body: { runId: 'rotation-1' } } });
    const args = ['secret', verb, 'contoso-kv/db', '--reason', 'up again', '--no-wait'];
    expect(await hsmkeep(args, { env: env(api.url) })).toMatchObject({ code: 0, stdout: 'rotation-1\n' });
    expect(api.seen[0]?.body).toEqual({ reason: 'up again' });
  });

  test('unmanage asks first, and insists only when told to', async () => {
    const body = { managed: false, tags: {} };
    const path = 'DELETE /api/secrets/contoso-kv/db/management';
    const api = await serveApi({ [path]: { body }, [`${path}?force=true`]: { body } });
    const unmanage = (...more: string[]) => hsmkeep(['secret', 'unmanage', 'contoso-kv/db', ...more], { env: env(api.url) });
    expect((await unmanage()).code).toBe(2);
    expect((await unmanage('--yes')).code).toBe(0);
    expect((await unmanage('--yes', '--force')).code).toBe(0);
    expect(api.seen.map(({ path: seen }) => seen.split('?')[1])).toEqual([undefined, 'force=true']);
  });
});
