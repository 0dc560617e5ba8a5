import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyVaultAccessControlClient, KeyVaultBackupClient, KeyVaultSettingsClient } from '../../../src/clients/keyvault-admin/index.ts';
import { countingCredential, LOCAL_OPTIONS, type Script, type ScriptedHsm, startScriptedHsm } from './scripted-hsm.ts';
import { accepted, CONTAINER, jobScript, SUCCEEDED } from './scripted-jobs.ts';

const VERIFYING = { ...LOCAL_OPTIONS, disableChallengeResourceVerification: false };

let hsm: ScriptedHsm;
let answer: Script;
beforeEach(async () => {
  hsm = await startScriptedHsm((request, url) => answer(request, url));
});
afterEach(() => hsm.stop());

test('asks for the resource and the tenant of the challenge, once for many requests', async () => {
  answer = () => ({ body: { settings: [] } });
  const credential = countingCredential();
  const settings = new KeyVaultSettingsClient(hsm.url, credential, LOCAL_OPTIONS);
  await settings.getSettings();
  await settings.getSettings();

  expect(hsm.requests.map(({ token }) => token)).toEqual([undefined, 'token-1', 'token-1']);
  expect(credential.asked).toEqual([
    { scopes: ['https://managedhsm.azure.net/.default'], tenantId: '3a5b5a2c-1111-4222-8333-444455556666', claims: undefined },
  ]);
});

test('a start shares its token with the polls and the reads', async () => {
  answer = jobScript(SUCCEEDED);
  const credential = countingCredential();
  const poller = await new KeyVaultBackupClient(hsm.url, credential, LOCAL_OPTIONS).beginBackup(CONTAINER);
  await poller.poll();
  expect(credential.asked).toHaveLength(1);
  expect(hsm.requests).toHaveLength(3);
});

test('gives no token to a host outside of the resource', async () => {
  const settings = new KeyVaultSettingsClient(hsm.url, countingCredential(), VERIFYING);
  await expect(settings.getSettings()).rejects.toThrow(/does not match the requested domain/);
  expect(hsm.authorized()).toHaveLength(0);
});

test('several first requests at once each send their own body, and none without a token', async () => {
  answer = ({ path, body }) => ({ body: { name: path.split('/').at(-1), ...(body as object) } });
  const { policy, release } = holdFirstAnswer();
  const additionalPolicies = [{ policy, position: 'perRetry' as const }];
  const settings = new KeyVaultSettingsClient(hsm.url, countingCredential(), { ...LOCAL_OPTIONS, additionalPolicies });

  const first = settings.updateSetting({ name: 'first', value: 'one' });
  const second = await settings.updateSetting({ name: 'second', value: 'two' }); // answers the challenge before the first one can
  release();

  expect([(await first).value, second.value]).toEqual(['one', 'two']);
  expect(hsm.requests.map(({ token, body }) => [token !== undefined, body !== undefined])).toEqual([
    [false, false],
    [false, false],
    [true, true],
    [true, true],
  ]);
});

/** Keeps the first answer from the client until it is released. */
function holdFirstAnswer(): { policy: PipelinePolicy; release: () => void } {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let isFirst = true;
  const policy: PipelinePolicy = {
    name: 'holdFirstAnswer',
    async sendRequest(request, next) {
      const hold = isFirst;
      isFirst = false;
      const response = await next(request);
      if (hold) await released;
      return response;
    },
  };
  return { policy, release };
}

test('gets a new token when the service wants other claims, and sends the request with it', async () => {
  const claims = '{"access_token":{"nbf":{"essential":true,"value":"1735787045"}}}';
  const header = `Bearer authorization="https://login.microsoftonline.com/common", error="insufficient_claims", claims="${btoa(claims)}"`;
  answer = ({ token }, url) => (token === 'token-1' ? { status: 401, headers: { 'www-authenticate': header } } : accepted(url));
  const credential = countingCredential();
  const poller = await new KeyVaultBackupClient(hsm.url, credential, LOCAL_OPTIONS).beginBackup(CONTAINER);

  expect(poller.getOperationState().isStarted).toBe(true);
  expect(credential.asked.map((asked) => asked.claims)).toEqual([undefined, claims]);
  expect(hsm.authorized().map(({ token, body }) => [token, body])).toEqual([
    ['token-1', { storageResourceUri: CONTAINER, useManagedIdentity: true }],
    ['token-2', { storageResourceUri: CONTAINER, useManagedIdentity: true }],
  ]);
});

test('an answer of 401 to a token is an error with its status', async () => {
  answer = () => ({ status: 401, body: { error: { code: 'Unauthorized', message: 'AKV10032: Invalid issuer.' } } });
  const roles = new KeyVaultAccessControlClient(hsm.url, countingCredential(), LOCAL_OPTIONS);
  await expect(roles.getRoleAssignment('/', 'x')).rejects.toMatchObject({ statusCode: 401, code: 'Unauthorized' });
});

test('plain http is refused unless it is allowed', async () => {
  const settings = new KeyVaultSettingsClient(hsm.url, countingCredential(), { disableChallengeResourceVerification: true });
  await expect(settings.getSettings()).rejects.toThrow();
  expect(hsm.requests).toHaveLength(0);
});
