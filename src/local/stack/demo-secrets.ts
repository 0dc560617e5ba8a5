import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecretClient } from '@azure/keyvault-secrets';
import { emulatorCredential } from '../emulator-credential.ts';
import { type DemoTargets, provideRedisUser } from './demo-targets.ts';
import { DEMO_VAULT, type EmulatorReady } from './emulator.ts';

/** A secret as the demo vault has it at first. */
type DemoSecret = Readonly<{ name: string; value: string; tags: Readonly<Record<string, string>> }>;

const CACHE_ADMIN = 'cache-admin';

/** What may be rotated: everything that the stack has. */
export const demoTargetIds = ({ storageAccounts = {}, applications = {} }: EmulatorReady, { redis }: DemoTargets): string[] => [
  ...Object.values(storageAccounts).map(({ id }) => id),
  ...Object.values(applications).map(({ id }) => `/applications/${id}`),
  ...(redis ? [redis.url] : []),
];

/**
 * Gives the demo vault a secret of each kind that is rotated on this machine. One that is there is left alone: its value may be newer than
 * what we know.
 */
export async function provideDemoSecrets(ready: EmulatorReady, targets: DemoTargets): Promise<void> {
  const ca = readFileSync(ready.caFile, 'utf8');
  const { SecretClient } = await import('@azure/keyvault-secrets');
  const vault = new SecretClient(ready.vaults[DEMO_VAULT] ?? '', emulatorCredential(ready), {
    disableChallengeResourceVerification: true,
    tlsOptions: { ca },
  });
  const missing: DemoSecret[] = [];
  for (const secret of await demoSecrets(ready, targets, ca)) if (!(await has(vault, secret.name))) missing.push(secret);
  for (const { name, value, tags } of missing) {
    if (targets.redis && tags['rot-provider'] === 'redis-acl') await provideRedisUser(targets.redis, value);
    await vault.setSecret(name, value, { tags });
  }
}

async function demoSecrets(ready: EmulatorReady, { redis }: DemoTargets, ca: string): Promise<DemoSecret[]> {
  const [account] = Object.entries(ready.storageAccounts ?? {});
  const [application] = Object.entries(ready.applications ?? {});
  const tagged = (provider: string, more: Readonly<Record<string, string>> = {}) => ({
    owner: 'contoso-web',
    'rot-provider': provider,
    ...more,
  });
  return [
    { name: 'session-signing-key', value: random(), tags: tagged('generated') },
    ...(account
      ? [
          {
            name: `${account[0]}-key`,
            value: await readAccountKey(ready, account[1].id, ca),
            tags: tagged('azure-storage-key', { 'rot-target': account[1].id }),
          },
        ]
      : []),
    ...(application
      ? [
          {
            name: `${application[0]}-client-secret`,
            value: application[1].clientSecret,
            tags: tagged('entra-app', { 'rot-target': `/applications/${application[1].id}` }),
          },
        ]
      : []),
    ...(redis
      ? [
          {
            name: CACHE_ADMIN,
            value: JSON.stringify({ username: redis.admin.user, password: redis.admin.password }),
            tags: { owner: 'contoso-web' },
          },
          {
            name: 'cache-password',
            value: random(),
            tags: tagged('redis-acl', {
              'rot-target': redis.url,
              'rot-principal': redis.user,
              'rot-admin': `${DEMO_VAULT}/${CACHE_ADMIN}`,
            }),
          },
        ]
      : []),
  ];
}

const random = (): string => randomBytes(30).toString('base64url');

async function has(vault: SecretClient, name: string): Promise<boolean> {
  for await (const _version of vault.listPropertiesOfSecretVersions(name)) return true;
  return false;
}

/** The first key, as whoever made the account would have copied it. */
async function readAccountKey(ready: EmulatorReady, id: string, ca: string): Promise<string> {
  const { createDefaultHttpClient, createHttpHeaders, createPipelineRequest } = await import('@azure/core-rest-pipeline');
  const { token = '' } = (await emulatorCredential(ready).getToken('https://management.azure.com/.default')) ?? {};
  const request = createPipelineRequest({
    url: `${ready.armUrl}${id}/listKeys?api-version=2025-08-01`,
    method: 'POST',
    headers: createHttpHeaders({ authorization: `Bearer ${token}` }),
  });
  request.tlsSettings = { ca };
  const { bodyAsText } = await createDefaultHttpClient().sendRequest(request);
  return (JSON.parse(bodyAsText ?? '{}') as { keys: { value: string }[] }).keys[0]?.value ?? '';
}
