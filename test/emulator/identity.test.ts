import { ClientSecretCredential, ManagedIdentityCredential } from '@azure/identity';
import { createRemoteJWKSet, customFetch, decodeJwt, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { HSM_RESOURCE, startTestEmulator, type TestEmulator, VAULT_RESOURCE } from '../support/emulator.ts';

let emulator: TestEmulator;

beforeAll(async () => {
  emulator = await startTestEmulator();
});
afterAll(() => emulator?.stop());
afterEach(async () => {
  vi.unstubAllEnvs();
  await emulator.control.clearFaults();
});

const settingsUrl = () => `${emulator.ready.hsms['contoso-hsm']}/settings?api-version=7.6`;

describe('managed identity', () => {
  const ask = (query: string, headers: Record<string, string> = { 'X-IDENTITY-HEADER': emulator.ready.tokenHeader }) =>
    fetch(`${emulator.ready.tokenUrl}${query}`, { headers });

  test('serves ManagedIdentityCredential, for the default identity and for another', async () => {
    vi.stubEnv('IDENTITY_ENDPOINT', emulator.ready.tokenUrl);
    vi.stubEnv('IDENTITY_HEADER', emulator.ready.tokenHeader);
    const { clientId, objectId } = await emulator.control.principal({ name: 'reader' });

    const own = await new ManagedIdentityCredential().getToken(`${HSM_RESOURCE}/.default`);
    const other = await new ManagedIdentityCredential({ clientId }).getToken(`${HSM_RESOURCE}/.default`);

    expect((await emulator.send(settingsUrl(), { token: own.token })).status).toBe(200);
    expect(decodeJwt(own.token)['oid']).toBe(emulator.ready.clients[0]?.objectId);
    expect(decodeJwt(other.token)).toMatchObject({ oid: objectId, appid: clientId, idtyp: 'app', aud: HSM_RESOURCE });
    expect(own.expiresOnTimestamp).toBeGreaterThan(Date.now());
  });

  test('answers in the form of App Service', async () => {
    const answer = await ask(`?api-version=2019-08-01&resource=${encodeURIComponent(VAULT_RESOURCE)}`);
    expect(await answer.json()).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      client_id: emulator.ready.clients[0]?.clientId,
      expires_on: expect.stringMatching(/^\d{10}$/),
      resource: VAULT_RESOURCE,
      token_type: 'Bearer',
    });
  });

  test('answers az of old, with a slash too many and its own date', async () => {
    const headers = { secret: emulator.ready.tokenHeader };
    const answer = await ask(`/?resource=${VAULT_RESOURCE}&api-version=2017-09-01`, headers);
    expect(((await answer.json()) as { expires_on: string }).expires_on).toMatch(/^\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d \+00:00$/);
  });

  test('refuses a wrong header, a missing resource and an unknown client', async () => {
    const resource = `api-version=2019-08-01&resource=${VAULT_RESOURCE}`;
    expect((await ask(`?${resource}`, {})).status).toBe(401);
    expect((await ask(`?${resource}`, { 'X-IDENTITY-HEADER': 'wrong' })).status).toBe(401);
    expect((await ask('?api-version=2019-08-01')).status).toBe(400);
    expect((await ask(`?${resource}&client_id=00000000-0000-0000-0000-000000000000`)).status).toBe(400);
  });

  test('meets faults under the host identity, and is logged', async () => {
    await emulator.control.fault({ match: { host: 'identity', method: 'GET', path: '/msi/*' }, action: 'answer', status: 500 });
    const resource = `?api-version=2019-08-01&resource=${VAULT_RESOURCE}`;
    expect((await ask(resource)).status).toBe(500);
    expect((await ask(resource)).status).toBe(200);
    expect((await emulator.control.requests()).filter(({ target }) => target === 'identity').at(-2)).toMatchObject({ status: 500 });
  });
});

describe('the authority', () => {
  const credential = (clientSecret: string) => {
    const { tenantId, authorityUrl, clients } = emulator.ready;
    return new ClientSecretCredential(tenantId, clients[0]?.clientId ?? '', clientSecret, {
      authorityHost: authorityUrl,
      disableInstanceDiscovery: true,
      tlsOptions: { ca: emulator.ca },
      retryOptions: { maxRetries: 0 },
    });
  };

  test('serves ClientSecretCredential', async () => {
    const { token } = await credential(emulator.ready.clients[0]?.clientSecret ?? '').getToken(`${HSM_RESOURCE}/.default`);
    expect((await emulator.send(settingsUrl(), { token })).status).toBe(200);
  });

  test('refuses a wrong secret', async () => {
    await expect(credential('wrong').getToken(`${HSM_RESOURCE}/.default`)).rejects.toThrow(/AADSTS7000215/);
  });

  test('answers instance discovery with the asking host among the aliases', async () => {
    const { authorityUrl, tenantId } = emulator.ready;
    const { body } = await emulator.send(`${authorityUrl}/common/discovery/instance?api-version=1.1&authorization_endpoint=x`, {
      token: null,
    });
    expect(body.tenant_discovery_endpoint).toBe(`${authorityUrl}/${tenantId}/v2.0/.well-known/openid-configuration`);
    expect(body.metadata[0].aliases).toContain(new URL(authorityUrl).host);
  });

  test('publishes the keys and the issuer of its tokens', async () => {
    const { authorityUrl, tenantId, users } = emulator.ready;
    const configuration = await emulator.send(`${authorityUrl}/${tenantId}/v2.0/.well-known/openid-configuration`, { token: null });
    const { jwks_uri, issuer } = configuration.body;
    expect(jwks_uri).toBe(`${authorityUrl}/${tenantId}/discovery/v2.0/keys`);

    const keys = createRemoteJWKSet(new URL(jwks_uri), {
      [customFetch]: async (url: string) => new Response((await emulator.send(url, { token: null })).text),
    });
    const { payload, protectedHeader } = await jwtVerify(users['alice'] ?? '', keys, { issuer, audience: 'api://hsmkeep' });
    expect(protectedHeader.alg).toBe('RS256');
    expect(payload['tid']).toBe(tenantId);
  });

  test('builds its URLs from the Host header, as login.microsoftonline.com too', async () => {
    const { authorityUrl, tenantId } = emulator.ready;
    const headers = { Host: 'login.microsoftonline.com' };
    const { body } = await emulator.send(`${authorityUrl}/${tenantId}/v2.0/.well-known/openid-configuration`, { token: null, headers });
    expect(body).toMatchObject({
      issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      token_endpoint: `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`,
    });
  });

  test('does not know other tenants', async () => {
    const { status } = await emulator.send(`${emulator.ready.authorityUrl}/other/v2.0/.well-known/openid-configuration`, { token: null });
    expect(status).toBe(400);
  });
});

describe('people', () => {
  test.each([
    ['alice', ['viewer', 'operator', 'restore.requester']],
    ['bob', ['viewer', 'restore.approver']],
    ['carol', ['viewer']],
    ['root', ['viewer', 'administrator']],
  ])('%s has the roles %j, in a token of a person', (name, roles) => {
    expect(decodeJwt(emulator.ready.users[name] ?? '')).toMatchObject({
      aud: 'api://hsmkeep',
      name,
      roles,
      idtyp: 'user',
      scp: expect.any(String),
    });
  });

  test('get tokens for other audiences, without app roles, that end when asked', async () => {
    const claims = decodeJwt(await emulator.control.userToken({ user: 'alice', audience: HSM_RESOURCE, expiresInSeconds: 60 }));
    expect(claims).toMatchObject({ aud: HSM_RESOURCE });
    expect(claims).not.toHaveProperty('roles');
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(60);
  });

  test('may do nothing on an HSM before they are given a role there', async () => {
    const token = await emulator.control.userToken({ user: 'carol', audience: HSM_RESOURCE });
    expect((await emulator.send(settingsUrl(), { token })).status).toBe(403);
    await emulator.control.principal({ name: 'carol', roles: [{ role: 'Administrator' }] });
    expect((await emulator.send(settingsUrl(), { token })).status).toBe(200);
  });
});
