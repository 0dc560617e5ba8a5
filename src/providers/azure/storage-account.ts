import { createHash } from 'node:crypto';
import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { Sensitive } from '../../domain/rotation/sensitive.ts';
import type { AzureAccess, Failure, Operation } from '../contract.ts';

/** One storage account, taken apart from its resource id. */
export type AccountId = Readonly<{ subscription: string; group: string; account: string }>;

/** The two keys that applications use; the Kerberos keys are another matter. */
export const KEY_NAMES = ['key1', 'key2'] as const;
export type KeyName = (typeof KEY_NAMES)[number];

/** What the service answered when it was no success: our words only. */
export class ArmError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`Azure Resource Manager failed: ${failure.code}`);
    this.failure = failure;
  }
}

const API_VERSION = '2025-08-01';
const DEFAULT_PAUSE_MS = 10_000;
const RESOURCE =
  /^\/subscriptions\/([0-9a-f-]{36})\/resourceGroups\/([^/]{1,90})\/providers\/Microsoft\.Storage\/storageAccounts\/([a-z0-9]{3,24})$/i;

/** Undefined for what is no resource id of a storage account. */
export function parseAccountId(id: string): AccountId | undefined {
  const [, subscription, group, account] = RESOURCE.exec(id) ?? [];
  return subscription && group && account ? { subscription, group, account: account.toLowerCase() } : undefined;
}

/** Undefined for a key that is not there. */
export type AccountKeys = Readonly<Partial<Record<KeyName, Sensitive>>>;

/** Says whether a key is the one that was seen before, and nothing else of it. */
export const markOf = (key: Sensitive): string => key.use((plain) => createHash('sha256').update(plain).digest('hex').slice(0, 16));

/**
 * Keys of a storage account, through the official client. One request each, never repeated: whether a lost one arrived is for the caller to
 * find out.
 *
 * @throws {ArmError} for everything but success.
 */
export async function storageAccount({ credential, endpoints }: AzureAccess, id: AccountId, signal: AbortSignal) {
  const requests = await import('./storage-requests.ts');
  const client = requests.createStorageManagement(credential, id.subscription, {
    endpoint: endpoints.arm,
    apiVersion: API_VERSION,
    credentials: { scopes: [`${endpoints.arm}/.default`] },
    retryOptions: { maxRetries: 0 },
  });
  const options = { abortSignal: signal };

  return {
    async keys(): Promise<AccountKeys> {
      const { keys = [] } = await asking(() => requests.listKeys(client, id.group, id.account, options));
      return Object.fromEntries(keys.flatMap(({ keyName, value }) => (keyName && value ? [[keyName, new Sensitive(value)]] : [])));
    },

    /** @returns What is under way, where the service answers before it has finished. */
    async regenerate(keyName: KeyName): Promise<Operation | undefined> {
      try {
        await asking(() => requests.regenerateKey(client, id.group, id.account, { keyName }, options));
        return undefined;
      } catch (error) {
        if (error instanceof Accepted) return operationIn(error, endpoints.arm);
        throw error;
      }
    },

    async poll({ pollUrl }: Operation): Promise<'running' | 'done'> {
      const { createDefaultHttpClient, createPipelineRequest } = await import('@azure/core-rest-pipeline');
      const request = createPipelineRequest({ url: pollUrl, abortSignal: signal });
      const answer = await asking(() => client.pipeline.sendRequest(createDefaultHttpClient(), request));
      if (answer.status >= 400) throw new ArmError(failureOf(answer.status, undefined, pauseOf(answer)));
      return answer.status === 202 || /"status"\s*:\s*"(InProgress|Running|Accepted)"/i.test(answer.bodyAsText ?? '') ? 'running' : 'done';
    },

    /** `https://<account>.blob.core.windows.net`, without a slash at the end. */
    async blobEndpoint(): Promise<string> {
      const endpoint = await asking(() => requests.getProperties(client, id.group, id.account, options)).then(
        ({ primaryEndpoints }) => primaryEndpoints?.blob,
        (error: unknown) => {
          // The role of a key operator does not include reading the account.
          if (error instanceof ArmError && error.failure.kind === 'denied') return undefined;
          throw error;
        },
      );
      return (endpoint ?? usualBlobEndpoint(id.account, endpoints.arm)).replace(/\/$/, '');
    },
  };
}

export type StorageAccount = Awaited<ReturnType<typeof storageAccount>>;

/** The clouds name both services after themselves: `management.azure.com`, `management.chinacloudapi.cn`. */
function usualBlobEndpoint(account: string, arm: string): string {
  const cloud = new URL(arm).hostname.replace(/^management\./, '');
  return `https://${account}.blob.core.${cloud === 'azure.com' ? 'windows.net' : cloud}`;
}

/** The service took the request and is at it. */
class Accepted extends Error {
  readonly response: PipelineResponse;

  constructor(response: PipelineResponse) {
    super('accepted');
    this.response = response;
  }
}

/** The URL must lead back to the service: our token goes with the question. */
function operationIn({ response }: Accepted, arm: string): Operation | undefined {
  const pollUrl = response.headers.get('azure-asyncoperation') ?? response.headers.get('location') ?? '';
  if (!URL.canParse(pollUrl) || new URL(pollUrl).origin !== new URL(arm).origin) return undefined;
  return { pollUrl, retryAfterMs: pauseOf(response) };
}

async function asking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { statusCode, code, response } = error as { statusCode?: number; code?: string; response?: PipelineResponse };
    if (statusCode === 202 && response) throw new Accepted(response);
    // Without a status nothing was heard; where there was not even a token, nothing was sent.
    if ((error as Error).name === 'CredentialUnavailableError' || (error as Error).name === 'AuthenticationError')
      throw new ArmError({
        kind: 'denied',
        code: 'NoToken',
        hint: 'Check that the app has a managed identity, and HSMKEEP_IDENTITY_ROTATE.',
      });
    throw new ArmError(failureOf(statusCode, code, response && pauseOf(response)));
  }
}

const ROLE = 'Give the identity of the rotate duty the role "Storage Account Key Operator Service Role" on the account.';
const LOCKED = 'A lock on the account or above it (az lock list) forbids the change: remove it, or make it one that forbids deletion only.';

function failureOf(status: number | undefined, inner: string | undefined, retryAfterMs = DEFAULT_PAUSE_MS): Failure {
  const code = status === undefined ? 'NoAnswer' : `Status${status}`;
  if (status === 429) return { kind: 'throttled', code, retryAfterMs };
  if (status === 401 || status === 403) return { kind: 'denied', code, hint: ROLE };
  if (status === 404) return { kind: 'gone', code, hint: 'Check the resource id in the tag rot-target.' };
  if (status === 409) return inner === 'ScopeLocked' ? { kind: 'denied', code: inner, hint: LOCKED } : { kind: 'transient', code };
  if (status === undefined || status >= 500 || status === 408) return { kind: 'unknown-outcome', code };
  return { kind: 'config', code, hint: 'The service does not take the request: look at the account in the portal.' };
}

function pauseOf({ headers }: PipelineResponse): number {
  const header = headers.get('retry-after') ?? '';
  return /^\d{1,5}$/.test(header) ? Number(header) * 1000 : DEFAULT_PAUSE_MS;
}
