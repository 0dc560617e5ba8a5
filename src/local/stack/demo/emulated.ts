import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { emulatorCredential } from '../../emulator-credential.ts';
import type { EmulatorReady } from '../emulator.ts';
import { type DemoServer, managedBy, randomPassword } from './demo-secret.ts';

const TIMEOUT_MS = 10_000;
const ARM_VERSION = '2025-08-01';

/**
 * Secrets for what the emulator offers: a random value that applications only read, the key of a storage account, the secret of an
 * application.
 *
 * @param ca The emulator's certificate authority, PEM.
 */
export function emulatedDemos(ready: EmulatorReady, ca: string): readonly Pick<DemoServer, 'target' | 'secrets'>[] {
  const [account] = Object.entries(ready.storageAccounts ?? {});
  const [application] = Object.entries(ready.applications ?? {});
  return [
    { target: '', secrets: [{ name: 'session-signing-key', tags: managedBy('generated'), first: randomPassword }] },
    ...(account ? [accountDemo(...account, ready, ca)] : []),
    ...(application ? [applicationDemo(...application, ready, ca)] : []),
  ];
}

type Account = Readonly<{ id: string; blobEndpoint: string }>;
type Application = Readonly<{ id: string; clientId: string; clientSecret: string }>;

const accountDemo = (name: string, { id, blobEndpoint }: Account, ready: EmulatorReady, ca: string) => ({
  target: id,
  secrets: [
    {
      name: `${name}-key`,
      tags: managedBy('azure-storage-key', { 'rot-target': id }),
      first: () => readFirstKey(id, ready, ca),
      accepts: (key: string) => takesKey(blobEndpoint, name, key),
    },
  ],
});

const applicationDemo = (name: string, { id, clientId, clientSecret }: Application, ready: EmulatorReady, ca: string) => {
  const target = `/applications/${id}`;
  return {
    target,
    secrets: [
      {
        name: `${name}-client-secret`,
        tags: managedBy('entra-app', { 'rot-target': target }),
        first: () => clientSecret,
        accepts: (secret: string) => takesSecret(clientId, secret, ready, ca),
      },
    ],
  };
};

/** As whoever made the account would have copied it. */
async function readFirstKey(id: string, ready: EmulatorReady, ca: string): Promise<string> {
  const { token = '' } = (await emulatorCredential(ready).getToken('https://management.azure.com/.default')) ?? {};
  const url = `${ready.armUrl}${id}/listKeys?api-version=${ARM_VERSION}`;
  const { bodyAsText } = await post(url, { authorization: `Bearer ${token}` }, '', ca);
  return (JSON.parse(bodyAsText ?? '{}') as { keys: { value: string }[] }).keys[0]?.value ?? '';
}

async function takesKey(endpoint: string, account: string, key: string): Promise<boolean> {
  const { BlobServiceClient, StorageSharedKeyCredential } = await import('@azure/storage-blob');
  const options = { retryOptions: { maxTries: 1 }, keepAliveOptions: { enable: false } };
  const service = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key), options);
  try {
    await service.getProperties({ abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 403) return false;
    throw error;
  }
}

async function takesSecret(clientId: string, secret: string, ready: EmulatorReady, ca: string): Promise<boolean> {
  const url = `${ready.authorityUrl}/${ready.tenantId}/oauth2/v2.0/token`;
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret, scope: `${ready.graphUrl}/.default` };
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const { status } = await post(url, headers, new URLSearchParams(form).toString(), ca);
  if (status !== 200 && status !== 401) throw new Error(`The token endpoint answered ${status}.`);
  return status === 200;
}

async function post(url: string, headers: Readonly<Record<string, string>>, body: string, ca: string): Promise<PipelineResponse> {
  const { createDefaultHttpClient, createHttpHeaders, createPipelineRequest } = await import('@azure/core-rest-pipeline');
  const request = createPipelineRequest({ url, method: 'POST', headers: createHttpHeaders(headers), body, timeout: TIMEOUT_MS });
  request.tlsSettings = { ca };
  return createDefaultHttpClient().sendRequest(request);
}
