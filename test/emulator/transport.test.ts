import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestEmulator, type TestEmulator } from '../support/emulator.ts';

let emulator: TestEmulator;
let hsm: string;
let vault: string;

beforeAll(async () => {
  emulator = await startTestEmulator({ hsms: [{ name: 'contoso-hsm' }], vaults: ['contoso-kv'] });
  hsm = emulator.ready.hsms['contoso-hsm'] ?? '';
  vault = emulator.ready.vaults['contoso-kv'] ?? '';
});
afterAll(() => emulator?.stop());

const VERSION = 'api-version=7.6';

describe('a request without a token', () => {
  test('is answered 401 before anything else is looked at', async () => {
    for (const [method, path] of [
      ['POST', '/backup'],
      ['PUT', '/restore?api-version=nonsense'],
      ['DELETE', '/no/such/path'],
      ['PATCH', '/%zz'],
    ] as const) {
      const answer = await emulator.send(`${hsm}${path}`, { method, token: null, body: '{ not json' });
      expect([answer.status, answer.text]).toEqual([401, '']);
    }
  });

  test('gets the two bytes OK from an HSM for a GET, and nothing for other methods', async () => {
    const get = await emulator.send(`${hsm}/settings`, { token: null });
    expect(get.text).toBe('OK');
    expect(get.headers).toMatchObject({ 'content-length': '2', 'content-type': 'application/json; charset=utf-8' });
    expect(get.headers).toHaveProperty('x-ms-build-version');

    const post = await emulator.send(`${hsm}/backup`, { method: 'POST', token: null });
    expect(post.headers['content-length']).toBe('0');
    expect(post.headers).not.toHaveProperty('x-ms-build-version');
    expect(post.headers).not.toHaveProperty('x-ms-keyvault-region');
  });

  test('is told the authority and the resource, with comma and space between', async () => {
    const { authorityUrl, tenantId } = emulator.ready;
    const challenge = (resource: string) => `Bearer authorization="${authorityUrl}/${tenantId}", resource="${resource}"`;

    const toHsm = await emulator.send(`${hsm}/keys`, { token: null });
    const toVault = await emulator.send(`${vault}/secrets`, { token: null });
    const byName = await emulator.send(`${vault}/secrets`, { token: null, headers: { Host: 'contoso-kv.vault.localhost:8443' } });

    expect(toHsm.headers['www-authenticate']).toBe(challenge('https://managedhsm.azure.net'));
    expect(toVault.headers['www-authenticate']).toBe(challenge('https://vault.azure.net'));
    expect(byName.headers['www-authenticate']).toBe(challenge('https://vault.localhost:8443'));
  });

  test('gets JSON from a vault', async () => {
    const { body } = await emulator.send(`${vault}/secrets/a`, { method: 'PUT', token: null });
    expect(body).toEqual({
      error: { code: 'Unauthorized', message: 'AKV10000: Request is missing a Bearer, PoP, or MTLS_POP token.' },
    });
  });
});

describe('a token', () => {
  const statusWith = async (url: string, token: string) => (await emulator.send(`${url}?${VERSION}`, { token })).status;

  test('of another audience is refused', async () => {
    const [forVault, forHsm] = await Promise.all([
      emulator.token('https://vault.azure.net'),
      emulator.token('https://managedhsm.azure.net'),
    ]);
    expect(await statusWith(`${hsm}/settings`, forVault)).toBe(401);
    expect(await statusWith(`${hsm}/settings`, forHsm)).toBe(200);

    const refused = await emulator.send(`${vault}/secrets?${VERSION}`, { token: forHsm });
    expect(refused.body.error.message).toMatch(/^AKV10022: Invalid audience/);
  });

  test('for the resource that was challenged is accepted under that name', async () => {
    const headers = { Host: 'contoso-hsm.managedhsm.localhost:9443' };
    const token = await emulator.token('https://managedhsm.localhost:9443');
    expect((await emulator.send(`${hsm}/settings?${VERSION}`, { token, headers })).status).toBe(200);
    expect((await emulator.send(`${hsm}/settings?${VERSION}`, { token })).status).toBe(401);
  });

  test('whose signature or claims were changed is refused', async () => {
    const [header = '', claims = '', signature = ''] = (await emulator.token('https://managedhsm.azure.net')).split('.');
    const other = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), oid: '00000000-0000-0000-0000-000000000000' };
    const forged = [header, Buffer.from(JSON.stringify(other)).toString('base64url'), signature].join('.');
    const unsigned = [Buffer.from('{"alg":"none"}').toString('base64url'), claims, ''].join('.');
    for (const token of [forged, unsigned, 'nonsense']) expect(await statusWith(`${hsm}/settings`, token)).toBe(401);
  });

  test('of another emulator is refused for its issuer or signature', async () => {
    const other = await startTestEmulator({ hsms: [], vaults: ['other-kv'] });
    const token = await other.token('https://vault.azure.net');
    await other.stop();
    const refused = await emulator.send(`${vault}/secrets?${VERSION}`, { token });
    expect([refused.status, refused.body.error.code]).toEqual([401, 'Unauthorized']);
  });

  test('ends by the clock of the emulator', async () => {
    const moving = await startTestEmulator({ hsms: [{ name: 'h1' }], vaults: [] });
    const url = `${moving.ready.hsms['h1']}/settings?${VERSION}`;
    const token = await moving.token('https://managedhsm.azure.net');
    await moving.control.moveClock({ advanceMs: 23 * 3_600_000 });
    expect((await moving.send(url, { token })).status).toBe(200);
    await moving.control.moveClock({ advanceMs: 2 * 3_600_000 });
    expect((await moving.send(url, { token })).status).toBe(401);
    await moving.stop();
  });
});

describe('headers', () => {
  test('of the front end of an HSM are those of every answer, with region and network', async () => {
    const { headers } = await emulator.send(`${hsm}/settings?${VERSION}`);
    expect(headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-security-policy': "default-src 'self'",
      'content-type': 'application/json; charset=utf-8',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'x-ms-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-ms-server-latency': expect.stringMatching(/^\d+$/),
      'x-ms-build-version': expect.any(String),
      'x-ms-keyvault-region': expect.any(String),
      'x-ms-keyvault-network-info': expect.stringMatching(/^conn_type=Ipv4;/),
    });
    for (const name of ['date', 'server', 'api-supported-versions']) expect(headers).not.toHaveProperty(name);
  });

  test('of its errors name neither region nor network', async () => {
    const { headers } = await emulator.send(`${hsm}/settings/Unknown?${VERSION}`);
    expect(headers).not.toHaveProperty('x-ms-keyvault-region');
    expect(headers).not.toHaveProperty('x-ms-keyvault-network-info');
  });

  test('of its backup service are others, on errors too', async () => {
    const { status, headers } = await emulator.send(`${hsm}/backup/0f1e2d3c4b5a69788796a5b4c3d2e1f0/pending`);
    expect(status).toBe(404);
    expect(headers).toMatchObject({
      server: 'Kestrel',
      date: expect.any(String),
      'api-supported-versions': '20180927, 20211111',
      'mise-correlation-id': expect.any(String),
      'x-ms-keyvault-region': expect.any(String),
    });
  });

  test('of a vault echo the client request id', async () => {
    const { headers } = await emulator.send(`${vault}/secrets?${VERSION}`, { headers: { 'x-ms-client-request-id': 'abc' } });
    expect(headers).toMatchObject({
      pragma: 'no-cache',
      expires: '-1',
      'strict-transport-security': 'max-age=31536000;includeSubDomains',
      'x-ms-client-request-id': 'abc',
      'x-ms-keyvault-service-version': expect.any(String),
    });
  });
});

describe('error bodies', () => {
  test('of the front end end in the activity id, which is the request id', async () => {
    const { headers, body } = await emulator.send(`${hsm}/settings/Unknown?${VERSION}`);
    expect(body.error.message).toMatch(new RegExp(` \\(Activity ID: ${headers['x-ms-request-id']}\\)$`));
  });

  test('of the backup service do not, and write the inner error out', async () => {
    const { text } = await emulator.send(`${hsm}/restore/pending`);
    expect(text).toBe('{"error":{"code":"NotFound","innererror":null,"message":"The given jobId is not found"}}');
  });
});

describe('api-version', () => {
  const settings = async (query: string) => emulator.send(`${hsm}/settings${query}`);

  test.each(['7.2', '7.4-preview.1', '7.6', '2025-07-01', '2026-01-01-preview', '2026-04-01'])('%s is known', async (version) => {
    expect((await settings(`?api-version=${version}`)).status).toBe(200);
  });

  test('is found under a percent-encoded name in any case', async () => {
    expect((await settings('?api%2Dversion=7.6')).status).toBe(200);
    expect((await settings('?API-Version=7.6')).status).toBe(200);
  });

  test.each(['', '?api-version=', '?api-version=7.1', '?api-version=6.0', '?api-version=2030-01-01'])('"%s" is refused', async (query) => {
    const { status, body } = await settings(query);
    expect([status, body.error.code]).toEqual([400, 'BadParameter']);
  });

  test('of vaults goes back to 7.0', async () => {
    expect((await emulator.send(`${vault}/secrets?api-version=7.0`)).status).toBe(200);
  });
});

describe('a path', () => {
  test('is folded, so that ///providers works', async () => {
    const { status, body } = await emulator.send(`${hsm}///providers/Microsoft.Authorization//roleDefinitions/?${VERSION}`);
    expect(status).toBe(200);
    expect(body.value).toHaveLength(10);
    const logged = (await emulator.control.requests()).map(({ path }) => path);
    expect(logged).toContain('/providers/Microsoft.Authorization/roleDefinitions');
  });

  test('that leads nowhere is 404, and with a wrong method 405', async () => {
    expect((await emulator.send(`${hsm}/nothing?${VERSION}`)).status).toBe(404);
    const wrong = await emulator.send(`${hsm}/restore?${VERSION}`, { method: 'POST' });
    expect([wrong.status, wrong.body.error.code]).toEqual([405, 'MethodNotAllowed']);
  });

  test('that cannot be decoded, and a body that is no JSON, are bad requests', async () => {
    expect((await emulator.send(`${hsm}/keys/%zz?${VERSION}`)).status).toBe(400);
    const body = '{ not json';
    const setting = `${hsm}/settings/AllowKeyManagementOperationsThroughARM?${VERSION}`;
    expect((await emulator.send(setting, { method: 'PATCH', body })).status).toBe(400);
  });
});

test('absolute URLs are built from the Host header', async () => {
  const headers = { Host: 'contoso-hsm.managedhsm.localhost:9443' };
  const token = await emulator.token('https://managedhsm.localhost:9443');
  const { headers: answered } = await emulator.send(`${hsm}/prebackup?${VERSION}`, { method: 'POST', body: {}, token, headers });
  expect(answered['azure-asyncoperation']).toMatch(/^https:\/\/contoso-hsm\.managedhsm\.localhost:9443\/backup\/[0-9a-f]{32}\/pending$/);
});

test('the request log names caller and status, and holds no token', async () => {
  await emulator.send(`${hsm}/settings?${VERSION}`);
  const log = await emulator.control.requests();
  expect(log.filter(({ path }) => path === '/settings').at(-1)).toMatchObject({
    target: 'hsm',
    host: 'contoso-hsm',
    method: 'GET',
    status: 200,
    caller: 'default',
    url: `/settings?${VERSION}`,
  });
  expect(JSON.stringify(log)).not.toContain('eyJ');
});
