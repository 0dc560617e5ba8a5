import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HSM_RESOURCE, startTestEmulator, type TestEmulator } from '../support/emulator.ts';

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator();
});
afterAll(() => emulator?.stop());

const get = async (path: string, token?: string) => {
  const { status, body } = await emulator.send(`${emulator.ready.armUrl}${path}`, token === undefined ? {} : { token });
  return { status, body };
};

describe('a client that has to find its way around the cloud', () => {
  test('is told without a token where Resource Manager and the authority are, in both forms that there are', async () => {
    const { armUrl, authorityUrl, tenantId } = emulator.ready;
    expect(await get('/metadata/endpoints?api-version=2015-01-01')).toMatchObject({
      status: 200,
      body: { authentication: { loginEndpoint: authorityUrl, audiences: ['https://management.azure.com'] } },
    });
    expect((await get('/metadata/endpoints?api-version=2019-05-01')).body).toEqual([
      expect.objectContaining({
        name: 'hsmkeep',
        resourceManager: armUrl,
        authentication: expect.objectContaining({ loginEndpoint: authorityUrl, tenant: tenantId }),
        suffixes: expect.objectContaining({ keyVaultDns: 'vault.azure.net', mhsmDns: 'managedhsm.azure.net' }),
      }),
    ]);
    expect((await get('/metadata/endpoints')).body).toMatchObject({ error: { code: 'MissingApiVersionParameter' } });
  });

  test.each(['https://management.azure.com', 'https://management.core.windows.net/'])(
    'finds the one subscription and tenant with a token for %s',
    async (resource) => {
      const token = await emulator.token(resource);
      const { tenantId } = emulator.ready;
      expect((await get('/subscriptions?api-version=2019-11-01', token)).body.value).toEqual([
        expect.objectContaining({ subscriptionId: tenantId, tenantId, state: 'Enabled' }),
      ]);
      expect((await get('/tenants?api-version=2019-11-01', token)).body.value).toEqual([expect.objectContaining({ tenantId })]);
    },
  );

  test('finds nothing with another token or none', async () => {
    const path = '/subscriptions?api-version=2019-11-01';
    expect((await get(path)).status).toBe(401);
    expect((await get(path, await emulator.token(HSM_RESOURCE))).body).toMatchObject({ error: { code: 'InvalidAuthenticationToken' } });
  });
});
