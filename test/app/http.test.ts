import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROUTES } from '../../src/app.ts';
import { VERSION } from '../../src/version.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack();
});
afterAll(() => stack?.stop());

describe('callers', () => {
  test('without a token are refused', async () => {
    const answer = await stack.api('/hsms', { as: null });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status: 401, hint: expect.stringContaining('token') });
  });

  test("with EasyAuth's header instead of a token are refused", async () => {
    const principal = Buffer.from(JSON.stringify({ claims: [{ typ: 'roles', val: 'administrator' }] })).toString('base64');
    expect((await stack.api('/hsms', { as: null, headers: { 'x-ms-client-principal': principal } })).status).toBe(401);
  });

  test.each([
    ['nonsense', () => 'nonsense'],
    ['an unsigned token', () => `${b64({ alg: 'none' })}.${b64(claims())}.`],
  ])('with %s are refused', async (_what, token) => {
    expect((await stack.api('/hsms', { token: token() })).status).toBe(401);
  });

  test('with a token that somebody else signed are refused, also under the right key id', async () => {
    const genuine = await stack.emulator.control.userToken({ user: 'alice' });
    const header = JSON.parse(Buffer.from(genuine.split('.')[0] ?? '', 'base64url').toString());
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    expect(await exportJWK(publicKey)).toHaveProperty('n');
    const payload = JSON.parse(Buffer.from(genuine.split('.')[1] ?? '', 'base64url').toString());
    const forged = await new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: header.kid }).sign(privateKey);
    expect((await stack.api('/hsms', { token: forged })).status).toBe(401);
  });

  test('with a changed claim are refused', async () => {
    const [header, payload, signature] = (await stack.emulator.control.userToken({ user: 'carol' })).split('.');
    const changed = { ...JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()), roles: ['administrator'] };
    expect((await stack.api('/hsms', { token: `${header}.${b64(changed)}.${signature}` })).status).toBe(401);
  });

  test('with an expired token, or one for another audience, are refused', async () => {
    const expired = await stack.emulator.control.userToken({ user: 'alice', expiresInSeconds: -60 });
    expect((await stack.api('/hsms', { token: expired })).body).toMatchObject({ status: 401, detail: expect.stringContaining('expired') });
    const elsewhere = await stack.emulator.control.userToken({ user: 'alice', audience: 'https://vault.azure.net' });
    expect((await stack.api('/hsms', { token: elsewhere })).status).toBe(401);
  });

  test('without the role are refused, and told which one it takes', async () => {
    const answer = await stack.api('/hsms/contoso-hsm/backups', { method: 'POST', as: 'carol' });
    expect(answer.body).toMatchObject({ status: 403, detail: expect.stringContaining('operator') });
  });

  test.each(['alice', 'bob', 'carol', 'root'])('may read as %s', async (as) => {
    expect((await stack.api('/hsms', { as })).status).toBe(200);
  });

  test('an administrator also operates', async () => {
    const answer = await stack.api('/hsms/contoso-hsm/backups', { method: 'POST', as: 'root' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/api/runs/${answer.body.runId}`);
    expect(answer.headers.get('retry-after')).toBeTruthy();
    await stack.runEnd(answer.body.runId);
  });
});

describe('requests', () => {
  test.each([
    ['GET', '/hsms/nowhere'],
    ['GET', '/hsms/nowhere/backups'],
    ['POST', '/hsms/nowhere/backups'],
    ['POST', '/hsms/nowhere/pre-restore'],
    ['GET', '/hsms/contoso-hsm/backups/mhsm-contoso-hsm-2020010100000000'],
    ['GET', '/hsms/contoso-hsm/backups/..%2F..%2Fsecrets'],
    ['GET', '/runs/backup-contoso-hsm-20200101T0000Z'],
    ['GET', '/runs/nonsense'],
  ])('%s %s is not found, and says where to look', async (method, path) => {
    const answer = await stack.api(path, { method, ...(method === 'POST' && { body: {} }) });
    expect(answer.body, answer.text).toMatchObject({ status: 404, hint: expect.stringMatching(/\w/) });
  });

  test.each([
    ['no JSON', '{', 400],
    ['a list', [], 400],
    ['an unknown field', { fodler: 'x' }, 400],
    ['a folder that is none', { folder: '../locks' }, 400],
    ['more than a mebibyte', JSON.stringify({ folder: 'x'.repeat(1024 * 1024) }), 413],
  ])('with %s are refused', async (_what, body, status) => {
    const answer = await stack.api('/hsms/contoso-hsm/pre-restore', { method: 'POST', body });
    expect(answer.body, answer.text).toMatchObject({ status, hint: expect.any(String) });
  });

  test.each(['DELETE', 'PUT', 'PATCH'])('%s where it is no method is told which are', async (method) => {
    const answer = await stack.api('/hsms', { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET');
  });

  test.each(['?top=x', '?top=-1', '?skip=1.5', '?kind=holiday'])('a list with %s is refused', async (query) => {
    expect((await stack.api(`/runs${query}`)).status).toBe(400);
  });

  test('lists go on where the page ends', async () => {
    for (let taken = 0; taken < 2; taken += 1) await stack.runEnd(await stack.backupNow('contoso-hsm'));
    const first = await stack.api('/hsms/contoso-hsm/backups?top=1');
    expect(first.body.value).toHaveLength(1);
    const second = await stack.api(first.body.nextLink.replace('/api', ''));
    expect(second.body.value[0].takenAt < first.body.value[0].takenAt).toBe(true);
  });
});

describe('what needs no token', () => {
  test('health tells ages and no names', async () => {
    await stack.runEnd(await stack.backupNow('contoso-hsm'));
    const answer = await stack.api('/health', { as: null });
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['status', 'oldestProvenAgeHours']);
    expect(answer.text).not.toContain('contoso');
  });

  test('the description of the API names every route, method and role that is registered', async () => {
    const { body } = await stack.api('/openapi.json', { as: null });
    expect(body.openapi).toBe('3.1.0');
    for (const route of ROUTES) {
      const described = body.paths[`/api/${route.route}`];
      const methods = Object.keys(described).filter((key) => key !== 'parameters');
      expect(methods.sort()).toEqual(
        Object.keys(route.methods)
          .map((method) => method.toLowerCase())
          .sort(),
      );
      for (const [method, operation] of Object.entries(route.methods))
        expect(described[method.toLowerCase()]['x-role'] ?? null).toBe(operation.role);
    }
    expect(Object.keys(body.paths)).toHaveLength(ROUTES.length + 1);
  });

  test('every described route answers', async () => {
    const { body } = await stack.api('/openapi.json', { as: null });
    for (const [path, operations] of Object.entries<Record<string, object>>(body.paths)) {
      if (!('get' in operations)) continue;
      const asked = path
        .replace('/api', '')
        .replace('{hsm}', 'contoso-hsm')
        .replace('{folder}', 'mhsm-contoso-hsm-2020010100000000')
        .replace('{id}', 'x');
      expect([200, 404], path).toContain((await stack.api(asked)).status);
      expect((await stack.api(asked)).headers.get('content-type'), path).toMatch(/json/);
    }
  });
});

test('the version in the API is that of the package', () => {
  expect(JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')).version).toBe(VERSION);
});

const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = () => ({
  aud: 'api://hsmkeep',
  iss: `${stack.emulator.ready.authorityUrl}/${stack.emulator.ready.tenantId}/v2.0`,
  exp: Date.now() / 1000 + 600,
  oid: 'x',
  roles: ['administrator'],
});
