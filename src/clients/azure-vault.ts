import type { TokenCredential } from '@azure/core-auth';
import type { SecretClient, SecretProperties } from '@azure/keyvault-secrets';
import type { Refusal } from '../domain/problems.ts';
import { vaultRefused } from '../domain/rotation/problems.ts';
import { Sensitive } from '../domain/rotation/sensitive.ts';
import { readingOptions } from './access.ts';
import { RefusedError, ThrottledError, TransientError } from './errors.ts';
import { firstAlone } from './first-alone.ts';
import { isRefusal, sortSdkError } from './sdk-errors.ts';
import type { SecretFacts, Vault, VersionChange } from './vault.ts';

const CALL_DEADLINE_MS = 20_000;
const LIST_DEADLINE_MS = 300_000;

/**
 * A Key Vault through the official client: one for the life of the process, because a new one repeats the challenge.
 *
 * @param url `https://<vault>.vault.azure.net`
 */
export function azureVault(name: string, url: string, credential: TokenCredential, ca?: string): Vault {
  let loaded: Promise<SecretClient> | undefined;
  const client = () => (loaded ??= loadClient(url, credential, ca));
  const deadline = () => ({ abortSignal: AbortSignal.timeout(CALL_DEADLINE_MS) });

  const ask = async <T>(doing: string, work: (client: SecretClient) => Promise<T>): Promise<T> => {
    try {
      return await work(await client());
    } catch (error) {
      throw translate(name, doing, error);
    }
  };

  return {
    name,
    url,

    read: async (secret, version) => {
      try {
        const { value, properties } = await (await client()).getSecret(secret, { ...(version && { version }), ...deadline() });
        if (!value) throw emptyValue(name, secret);
        return { status: 'found', facts: factsOf(properties), value: new Sensitive(value) };
      } catch (error) {
        if (innerCode(error) === 'SecretDisabled') return { status: 'disabled' };
        if ((error as { statusCode?: number }).statusCode === 404) return { status: 'missing' };
        throw translate(name, 'read a secret', error);
      }
    },

    versions: (secret) =>
      ask("list a secret's versions", async (sdk) => {
        const found: SecretFacts[] = [];
        const options = { abortSignal: AbortSignal.timeout(LIST_DEADLINE_MS) };
        for await (const properties of sdk.listPropertiesOfSecretVersions(secret, options)) found.push(factsOf(properties));
        return found.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
      }),

    async *list() {
      try {
        const options = { abortSignal: AbortSignal.timeout(LIST_DEADLINE_MS) };
        for await (const properties of (await client()).listPropertiesOfSecrets(options)) yield factsOf(properties);
      } catch (error) {
        throw translate(name, 'list its secrets', error);
      }
    },

    write: (secret, { value, tags, contentType, expiresAt }) =>
      ask('store a new version of a secret', (sdk) =>
        value.use(async (plain) => {
          const options = {
            tags: { ...tags },
            ...(contentType && { contentType }),
            ...(expiresAt && { expiresOn: new Date(expiresAt) }),
            ...deadline(),
          };
          return factsOf((await sdk.setSecret(secret, plain, options)).properties);
        }),
      ),

    update: (secret, version, change) =>
      ask('change a version of a secret', async (sdk) =>
        factsOf(await sdk.updateSecretProperties(secret, version, { ...changeOf(change), ...deadline() })),
      ),
  };
}

async function loadClient(url: string, credential: TokenCredential, ca?: string): Promise<SecretClient> {
  const { SecretClient } = await import('@azure/keyvault-secrets');
  // A write that is repeated by a retry makes a second version of the same value, which does no harm.
  const additionalPolicies = [{ policy: firstAlone(), position: 'perCall' as const }];
  return new SecretClient(url, credential, { ...readingOptions(url, ca), additionalPolicies });
}

const changeOf = ({ tags, enabled, expiresAt }: VersionChange) => ({
  ...(tags && { tags: { ...tags } }),
  ...(enabled !== undefined && { enabled }),
  ...(expiresAt !== undefined && { expiresOn: new Date(expiresAt) }),
});

const factsOf = ({ name, version, enabled, createdOn, expiresOn, contentType, tags }: SecretProperties): SecretFacts => ({
  name,
  version: version ?? '',
  enabled: enabled ?? true,
  createdAt: (createdOn ?? new Date(0)).toISOString(),
  expiresAt: expiresOn?.toISOString() ?? null,
  contentType: contentType ?? null,
  tags: tags ?? {},
});

const innerCode = (error: unknown): string | undefined =>
  (error as { details?: { error?: { innerError?: { code?: string } } } }).details?.error?.innerError?.code;

const retryAfterMs = (error: unknown): number => {
  const { response } = error as { response?: { headers?: { get(name: string): string | undefined } } };
  const seconds = Number(response?.headers?.get('retry-after'));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
};

const emptyValue = (vault: string, secret: string): RefusedError =>
  new RefusedError(
    { kind: 'invalid', code: 'EmptyValue', detail: 'the value is empty' },
    { message: `The current value of ${vault}/${secret} is empty.`, hint: 'Set the value that its target accepts.' },
  );

/** What a vault refused, without its words, which may repeat a value. */
export function refusedByVault(vault: string, doing: string, { kind, code }: Refusal, inner?: string): RefusedError {
  return new RefusedError({ kind, code, detail: code }, vaultRefused(vault, doing, { kind, code, ...(inner !== undefined && { inner }) }));
}

/** Never wraps the SDK's error: Durable Functions stores the causes of what an activity throws. */
function translate(vault: string, doing: string, error: unknown): Error {
  if (error instanceof RefusedError || error instanceof TransientError) return error;
  const failure = sortSdkError(error);
  const inner = innerCode(error);
  if (failure.kind === 'throttled') return new ThrottledError(`${vault} takes no more requests for now`, retryAfterMs(error));
  if (isRefusal(failure)) return refusedByVault(vault, doing, failure, inner);
  return new TransientError(`${vault} did not ${doing} (${failure.code}: ${failure.detail})`);
}
